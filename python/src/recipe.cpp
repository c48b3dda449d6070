/// Recipe: everything that a training run is made from, read, changed, and turned into a network, a rule, data.
#include "recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pcxx::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

std::string text_of(nb::handle value) { return nb::cast<std::string>(nb::str(value)); }

/// Returns a Python value as TOML writes it.
std::string toml_of(const std::string& key, nb::handle value) {
  if (PyBool_Check(value.ptr()) != 0) {
    return nb::cast<bool>(value) ? "true" : "false";
  }
  if (PyIndex_Check(value.ptr()) != 0) {
    return text_of(nb::int_(value));
  }
  if (nb::isinstance<nb::str>(value) || nb::hasattr(value, "__fspath__")) {  // JSON's texts are TOML's
    return nb::cast<std::string>(nb::module_::import_("json").attr("dumps")(nb::str(value), "ensure_ascii"_a = false));
  }
  std::vector<std::string> parts;
  if (nb::isinstance<nb::dict>(value)) {
    for (const auto& [name, each] : nb::cast<nb::dict>(value)) {
      parts.push_back(toml_of(key, nb::str(name)) + " = " + toml_of(key + "." + text_of(name), each));
    }
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }
  if (nb::isinstance<nb::list>(value) || nb::isinstance<nb::tuple>(value)) {
    for (const nb::handle each : nb::cast<nb::sequence>(value)) {
      parts.push_back(toml_of(key, each));
    }
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (nb::hasattr(value, "__float__")) {
    return text_of(nb::float_(value));
  }
  throw DTypeError(fmt::format("[recipe] '{}' is a '{}'; expected a number, a bool, a text, or a list or dict of them", key,
                               nb::type_name(value.type()).c_str()));
}

/// What overrides are in Python.
using Overrides = std::variant<std::vector<std::string>, nb::dict>;

std::vector<std::string> overrides_of(const Overrides& given) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&given)) {
    return *texts;
  }
  std::vector<std::string> overrides;
  for (const auto& [name, value] : std::get<nb::dict>(given)) {
    overrides.push_back(text_of(name) + "=" + toml_of(text_of(name), value));
  }
  return overrides;
}

constexpr const char* kOverrides = "collections.abc.Mapping[str, typing.Any] | collections.abc.Sequence[str]";

std::string signature(const std::string& text) {
  std::string result = text;
  return result.replace(result.find('@'), 1, kOverrides);
}

void bind_making(nb::class_<Recipe>& recipe) {
  recipe
      .def_static("load", [](const Path& path, const Overrides& overrides) { return load_recipe(path, overrides_of(overrides)); },
                  "path"_a, "overrides"_a = nb::dict(),
                  nb::sig(signature("def load(path: str | os.PathLike[str], overrides: @ = {}) -> Recipe").c_str()),
                  "The recipe in a TOML file. `overrides`: settings by their dotted keys, {'rule.steps': 8}, a dict in place of a whole\n"
                  "table, or texts as the command line takes them after --set: ['rule.steps=8'].\n\n"
                  "Raises FileError if it cannot be read, RecipeError naming file, line, column, key and the nearest known name.")
      .def_static("parse", [](const std::string& text, const std::string& name, const Overrides& overrides) {
        return parse_recipe(text, name, overrides_of(overrides));
      }, "text"_a, "name"_a = "recipe", "overrides"_a = nb::dict(),
      nb::sig(signature("def parse(text: str, name: str = 'recipe', overrides: @ = {}) -> Recipe").c_str()),
      "The recipe in a TOML text; `name` stands for its file.\n\nRaises RecipeError as load() does.")
      .def("set", [](const Recipe& own, const Overrides& overrides) {
        Recipe changed = parse_recipe(own.text, own.name, overrides_of(overrides));
        changed.name = own.name;
        return changed;
      }, "overrides"_a, nb::sig(signature("def set(self, overrides: @) -> Recipe").c_str()),
      "A recipe that differs in these settings: recipe.set({'seed': 3, 'rule.steps': 8}). This one stays as it is.\n\n"
      "Raises RecipeError as load() does, DTypeError for a value that TOML does not have.")
      .def("differences", [](const Recipe& own, const Recipe& before) { return differences(own, before); }, "before"_a,
           "The settings in which this recipe differs from another, with both values: 'rule.steps: 5, was 8'.");
}

void bind_settings(nb::class_<Recipe>& recipe) {
  recipe.def_ro("name", &Recipe::name, "Of the file, for messages and folders.")
      .def_ro("text", &Recipe::text, "The whole recipe as TOML, overrides applied: reading it again gives the same recipe.")
      .def_ro("seed", &Recipe::seed, "Of parameters and of the order of samples.")
      .def_ro("epochs", &Recipe::epochs, "How many there are in all.")
      .def_ro("device", &Recipe::device, "'cpu' or 'reference'.")
      .def_prop_ro("precision", [](const Recipe& own) { return std::string(to_string(own.precision)); }, "'f32', 'bf16' or 'f64'.")
      .def_ro("threads", &Recipe::threads, "0: all cores; results do not depend on it.")
      .def_ro("network", &Recipe::network, "What the network is made of.")
      .def_ro("rule", &Recipe::rule, "How it learns.")
      .def_ro("weights", &Recipe::weights, "The optimisers of the weights.")
      .def_ro("data", &Recipe::data, "What it learns from.")
      .def_ro("checkpoint_epochs", &Recipe::checkpoint_epochs, "A checkpoint after so many epochs; 0: only at the end.")
      .def_ro("checkpoint_batches", &Recipe::checkpoint_batches, "And after so many batches; 0: never.")
      .def_ro("log_batches", &Recipe::log_batches, "A log record after so many batches; 0: one an epoch.")
      .def_prop_ro("averages", [](const Recipe& own) { return averages(own); },
                   "Whether parameters are averaged; then the averages are what is tested.");
}

void bind_building(nb::class_<Recipe>& recipe) {
  recipe.def("build_network", built_network, nb::sig("def build_network(self) -> Network"),
             "The network, whose nodes are 'input', the layers by their names, and 'label'.")
      .def("build_rule", [](const Recipe& own, Size updates) { return BoundRule{build_rule(own, updates)}; }, "updates"_a,
           "The learning rule; schedules that span the run span `updates` updates of the weights: epochs * batches_per_epoch(n).")
      .def("build_rule_without_learning", [](const Recipe& own) { return BoundRule{build_rule_without_learning(own)}; },
           "The same without learning: relaxes, but leaves every parameter alone.")
      .def("load_data", [](const Recipe& own) {
        Split data = [&] {
          const nb::gil_scoped_release released;
          return load_data(own.data);
        }();
        return nb::make_tuple(shared_dataset(std::move(data.train)), shared_dataset(std::move(data.test)));
      }, nb::sig("def load_data(self) -> tuple[Dataset, Dataset]"),
      "Training and test set, read or made, to be read through a Loader.\n\nRaises FileError, saying where it looked, if a set is "
      "missing or damaged, RecipeError if what is done to pictures does not fit them.")
      .def("batches_per_epoch", [](const Recipe& own, Size samples) { return batches_per_epoch(own.data, samples); }, "samples"_a,
           "The batches of an epoch over so many samples.");
}

}  // namespace

nb::object built_network(const Recipe& recipe) { return new_python_network(build_network(recipe)); }

Recipe recipe_of(const RecipeLike& recipe) {
  const auto* path = std::get_if<Path>(&recipe);
  return path == nullptr ? std::get<Recipe>(recipe) : load_recipe(*path);
}

void bind_recipe(nb::module_& module) {
  nb::class_<Recipe> recipe(module, "Recipe",
      "Everything that a training run is made from, as a TOML file says it (docs/recipes.md).\n\n"
      "    recipe = pcxx.Recipe.load('recipes/two_moons.toml', {'epochs': 3})\n"
      "    pcxx.train(recipe, 'runs/mine')\n\n"
      "Wherever a recipe is due, the path of its file is one.");
  bind_making(recipe);
  bind_settings(recipe);
  bind_building(recipe);
  recipe.def("__repr__", [](const Recipe& own) { return "<recipe '" + own.name + "'>"; });
}

}  // namespace pcxx::python
