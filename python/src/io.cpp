/// Files of named arrays: NPZ and safetensors, and PCX's parameters.
#include <pcxx/run/pcx_params.h>

#include "bindings.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

nb::dict numpy_of(NamedArrays&& arrays) {
  nb::dict result;
  for (auto& [name, array] : arrays) {
    result[name.c_str()] = python::numpy_of(std::move(array));
  }
  return result;
}

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

}  // namespace

void bind_io(nb::module_& module) {
  module.def("save_npz", [](const Path& path, const nb::dict& arrays, bool compress) { save_npz(path, arrays_of(arrays), {}, compress); },
             "path"_a, "arrays"_a, nb::kw_only(), "compress"_a = true,
             nb::sig("def save_npz(path: str | os.PathLike[str], arrays: collections.abc.Mapping[str, object], *, compress: bool = True) -> None"),
             "Writes arrays by name into an archive that numpy.load reads: all of it, or what was there before stays.\n\n"
             "Raises DTypeError for what is no array, FileError if it cannot be written.");
  module.def("load_npz", [](const Path& path) { return numpy_of(std::move(load_npz(path).arrays)); }, "path"_a,
             nb::sig("def load_npz(path: str | os.PathLike[str]) -> dict[str, numpy.typing.NDArray[typing.Any]]"),
             "The arrays of an NPZ archive, by name.\n\nRaises FileError if it is missing or damaged.");
  module.def("save_safetensors", [](const Path& path, const nb::dict& arrays, const Metadata& metadata) {
    save_safetensors(path, arrays_of(arrays), metadata);
  }, "path"_a, "arrays"_a, "metadata"_a = Metadata(),
  nb::sig("def save_safetensors(path: str | os.PathLike[str], arrays: collections.abc.Mapping[str, object], metadata: "
          "collections.abc.Mapping[str, str] = {}) -> None"),
  "Writes arrays and texts by name into a safetensors file; equal contents give equal bytes.\n\n"
  "Raises NameError for a reserved name, FileError if it cannot be written.");
  module.def("load_safetensors", [](const Path& path) {
    SafetensorsFile file = load_safetensors(path);
    return nb::make_tuple(numpy_of(std::move(file.arrays)), nb::cast(file.metadata));
  }, "path"_a,
  nb::sig("def load_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, numpy.typing.NDArray[typing.Any]], dict[str, str]]"),
  "The arrays and the texts of a safetensors file, by name.\n\nRaises FileError if it is missing or damaged.");
  module.def("load_pcx_params", [](const Path& path, const BoundNetwork& network, const BoundState& state,
                                   const std::vector<std::string>& rules) {
    const auto held = state.hold();
    return pairs_of(load_pcx_params(path, network, *state.state, rules_of(rules)));
  }, "path"_a, "network"_a, "state"_a, "rules"_a = std::vector<std::string>(),
  nb::sig("def load_pcx_params(path: str | os.PathLike[str], network: Network, state: State, rules: collections.abc.Sequence[str] = ()) "
          "-> dict[str, list[str]]"),
  "Sets all parameters in a state from a file of PCX's save_params; returns which keys each parameter took. Rules such as\n"
  "'hidden{i}.{what} = .layers[{i-1}].nn.{what}' say which is which; what no rule names goes by order.\n\n"
  "Raises NameError with every missing and unexpected key, ShapeError, FileError; then nothing was changed.");
  module.def("save_pcx_params", [](const Path& path, const BoundNetwork& network, const BoundState& state,
                                   const std::vector<std::string>& rules, const std::optional<Path>& like) {
    const auto held = state.hold();
    return pairs_of(save_pcx_params(path, network, *state.state, {.rules = rules_of(rules), .like = like}));
  }, "path"_a, "network"_a, "state"_a, "rules"_a = std::vector<std::string>(), "like"_a = nb::none(),
  nb::sig("def save_pcx_params(path: str | os.PathLike[str], network: Network, state: State, rules: collections.abc.Sequence[str] = (), "
          "like: str | os.PathLike[str] | None = None) -> dict[str, list[str]]"),
  "Writes the parameters so that PCX's load_params reads them; needs rules, or a file of the same model to be like.\n\n"
  "Raises as load_pcx_params().");
}

}  // namespace pcxx::python
