/// PCX's files of parameters: those of networks and states, and those of whole runs.
#include <pcxx/run/pcx_params.h>

#include "recipe.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

std::vector<KeyRule> rules_of(const std::vector<std::string>& texts) {
  std::vector<KeyRule> rules;
  for (const std::string& text : texts) {
    rules.push_back(key_rule(text));
  }
  return rules;
}

nb::dict pairs_of(const std::vector<KeyPair>& pairs) {
  nb::dict result;
  for (const KeyPair& pair : pairs) {
    result[pair.parameter.c_str()] = nb::cast(pair.keys);
  }
  return result;
}

const auto kNoRules = std::vector<std::string>();

void bind_parameters(nb::module_& module) {
  module.def("load_pcx_params", [](const Path& path, const BoundNetwork& network, const BoundState& state,
                                   const std::vector<std::string>& rules) {
    const auto held = state.hold();
    return pairs_of(load_pcx_params(path, network, *state.state, rules_of(rules)));
  }, "path"_a, "network"_a, "state"_a, "rules"_a = kNoRules,
  nb::sig("def load_pcx_params(path: str | os.PathLike[str], network: Network, state: State, rules: collections.abc.Sequence[str] = ()) "
          "-> dict[str, list[str]]"),
  "Sets all parameters in a state from a file of PCX's save_params; returns which keys each parameter took. Rules such as\n"
  "'hidden{i}.{what} = .layers[{i-1}].nn.{what}' say which is which; what no rule names goes by order.\n\n"
  "Raises NameError with every missing and unexpected key, ShapeError, FileError; then nothing was changed.");
  module.def("save_pcx_params", [](const Path& path, const BoundNetwork& network, const BoundState& state,
                                   const std::vector<std::string>& rules, const std::optional<Path>& like) {
    const auto held = state.hold();
    return pairs_of(save_pcx_params(path, network, *state.state, {.rules = rules_of(rules), .like = like}));
  }, "path"_a, "network"_a, "state"_a, "rules"_a = kNoRules, "like"_a = nb::none(),
  nb::sig("def save_pcx_params(path: str | os.PathLike[str], network: Network, state: State, rules: collections.abc.Sequence[str] = (), "
          "like: str | os.PathLike[str] | None = None) -> dict[str, list[str]]"),
  "Writes the parameters so that PCX's load_params reads them; needs rules, or a file of the same model to be like.\n\n"
  "Raises as load_pcx_params().");
}

void bind_runs(nb::module_& module) {
  module.def("import_pcx_run", [](const RecipeLike& recipe, const Path& file, const Path& folder, const std::vector<std::string>& rules,
                                  bool force) {
    const Recipe read = recipe_of(recipe);
    return pairs_of(run_released([&] { return import_pcx_run(read, file, folder, rules_of(rules), force); }));
  }, "recipe"_a, "file"_a, "folder"_a, "rules"_a = kNoRules, nb::kw_only(), "force"_a = false,
  nb::sig("def import_pcx_run(recipe: Recipe | str | os.PathLike[str], file: str | os.PathLike[str], folder: str | os.PathLike[str], "
          "rules: collections.abc.Sequence[str] = (), *, force: bool = False) -> dict[str, list[str]]"),
  "Makes the folder of a run that has not begun, with the recipe and a first checkpoint whose parameters come from a file of\n"
  "PCX's; evaluate() and train() with `resume` go on from it. Returns which keys each parameter took.\n\n"
  "Raises as load_pcx_params(), and FileError if the folder holds a run, unless `force`.");
  module.def("export_pcx_run", [](const Checkpoint& checkpoint, const Path& file, const std::vector<std::string>& rules,
                                  const std::optional<Path>& like, bool averages) {
    return pairs_of(run_released([&] {
      return export_pcx_run(checkpoint, file, {.rules = rules_of(rules), .like = like}, averages);
    }));
  }, "checkpoint"_a, "file"_a, "rules"_a = kNoRules, nb::kw_only(), "like"_a = nb::none(), "averages"_a = false,
  nb::sig("def export_pcx_run(checkpoint: Checkpoint, file: str | os.PathLike[str], rules: collections.abc.Sequence[str] = (), *, like: "
          "str | os.PathLike[str] | None = None, averages: bool = False) -> dict[str, list[str]]"),
  "Writes the parameters of a checkpoint, or their `averages`, as save_pcx_params() does; raises as that does.");
}

}  // namespace

void bind_pcx(nb::module_& module) {
  bind_parameters(module);
  bind_runs(module);
}

}  // namespace pcxx::python
