/// Files of named arrays: NPZ and safetensors.
#include "bindings.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

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
}

}  // namespace pcxx::python
