/// Text as samples: vocabularies, and windows of their numbers; pictures in files.
#include "bindings.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

std::vector<std::int32_t> numbers_of(const nb::object& given, const char* who) {
  const Array array = array_of(given, who);
  if (array.type() != ElementType::i32 || array.shape().rank() != 1) {
    throw DTypeError(std::string("[") + who + "] the numbers are " + std::string(to_string(array.type())) + " " +
                     to_string(array.shape()) + "; expected int32 (n): what encode() returned");
  }
  const auto numbers = array.as<std::int32_t>();
  return {numbers.begin(), numbers.end()};
}

/// Returns UTF-8 as a str; `errors` says what becomes of bytes that are none.
nb::str python_text(const std::string& text, const char* errors) {
  return nb::steal<nb::str>(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), errors));
}

void bind_vocabulary(nb::module_& module) {
  nb::class_<Vocabulary>(module, "Vocabulary", "Pieces of text and their numbers, 0 .. len(vocabulary) - 1.")
      .def_static("bytes", &Vocabulary::bytes, "All 256 bytes: for any text.")
      .def_static("characters", [](const std::string& text) { return Vocabulary::characters(text); }, "text"_a,
                  "The characters that a text has, in their order.")
      .def_static("words", [](const std::string& text, Size most, const std::string& unknown) {
        return Vocabulary::words(text, {most, unknown});
      }, "text"_a, nb::kw_only(), "most"_a = 0, "unknown"_a = "<unknown>",
      "The words of a text, what white space separates, the most frequent ones first. `most`: how many get a number of their own,\n"
      "0 for all; `unknown` stands for all others, with number 0.")
      .def("__len__", &Vocabulary::size)
      .def("piece", [](const Vocabulary& own, Size number) { return python_text(own.piece(number), "surrogateescape"); }, "number"_a,
           "The text of a piece; a byte that is no UTF-8 is a surrogate, as os.fsdecode() makes them.\n\nRaises IndexError if there is no "
           "such number.")
      .def("encode", [](const Vocabulary& own, const std::string& text) {
        const std::vector<std::int32_t> numbers = own.encode(text);
        return numpy_copy(Shape({static_cast<Size>(numbers.size())}), std::span<const std::int32_t>(numbers));
      }, "text"_a, nb::sig("def encode(self, text: str) -> numpy.typing.NDArray[numpy.int32]"),
      "The numbers of a text's pieces, (n) int32; unknown words get 0.\n\nRaises ArgumentError naming the first character, and its "
      "place, that is not in a vocabulary of characters.")
      .def("decode", [](const Vocabulary& own, const nb::object& numbers) {
        return python_text(own.decode(numbers_of(numbers, "decode")), "replace");
      }, "numbers"_a, nb::sig("def decode(self, numbers: object) -> str"),
      "The text of numbers, (n) int32, words with one space between them; bytes that are no UTF-8 become replacement characters.\n\n"
      "Raises DTypeError for other arrays, IndexError for a number that is no piece.")
      .def("__repr__", [](const Vocabulary& own) { return "<vocabulary of " + std::to_string(own.size()) + " pieces>"; });
}

void bind_pictures(nb::module_& module) {
  module.def("picture_files", [](const std::vector<Path>& files, const nb::object& labels, Size classes, Size height, Size width,
                                 std::pair<float, float> scaling) {
    Dataset made;
    made.source = picture_files(files, {.height = height, .width = width, .scaling = {scaling.first, scaling.second}});
    made.labels = array_of(labels, "labels");
    made.classes = classes;
    return shared_dataset(std::move(made));
  }, "files"_a, "labels"_a, "classes"_a, nb::kw_only(), "height"_a = 64, "width"_a = 64, "scaling"_a = std::pair<float, float>(0.0F, 1.0F),
  nb::sig("def picture_files(files: collections.abc.Sequence[str | os.PathLike[str]], labels: object, classes: int, *, height: int = 64, "
          "width: int = 64, scaling: tuple[float, float] = (0.0, 1.0)) -> Dataset"),
  "Pictures in JPEG files as samples (3, height, width) that a Loader decodes when it needs them, red, green and blue, grey ones with\n"
  "three equal channels: (byte / 255 - mean) / deviation with `scaling` (mean, deviation). `labels` (n) int32 from 0 to classes - 1.\n\n"
  "Raises ShapeError or ArgumentError if labels do not fit; a file that is missing, damaged or of another size raises FileError when\n"
  "its sample is read.");
  module.def("skip_unreadable", [](const BoundDataset& given, int threads) {
    Dataset copy = *given.data;
    run_released([&] { return skip_unreadable(copy, threads); });
    return shared_dataset(std::move(copy));
  }, "dataset"_a, nb::kw_only(), "threads"_a = 0,
  "A copy of a dataset of files without the samples that cannot be read; Dataset.skipped says what is wrong with each. Reads every\n"
  "sample once, by so many threads, 0 for all cores.\n\nRaises ArgumentError unless its samples come from files and have labels.");
}

}  // namespace

void bind_text(nb::module_& module) {
  module.def("read_text", [](const Path& path) { return python_text(read_text(path), "replace"); }, "path"_a, nb::sig("def read_text(path: str | os.PathLike[str]) -> str"),
  "What a file holds, as UTF-8; what is none becomes replacement characters.\n\nRaises FileError if it cannot be read.");
  bind_vocabulary(module);
  module.def("text_windows", [](const nb::object& pieces, Size classes, Size length, Size stride) {
    return shared_dataset(text_windows(numbers_of(pieces, "text_windows"), classes, {.length = length, .stride = stride}));
  }, "pieces"_a, "classes"_a, nb::kw_only(), "length"_a = 64, "stride"_a = 1,
  nb::sig("def text_windows(pieces: object, classes: int, *, length: int = 64, stride: int = 1) -> Dataset"),
  "Windows of `length` of the pieces, (n) int32, as samples of whole numbers (length), and the piece after each as its label.\n\n"
  "`stride`: pieces from one sample to the next. Batch.inputs are int32, for nodes of indices; for real nodes add\n"
  "one_hot_samples(classes) to the transforms. Raises ArgumentError if the text is too short for one window or has a piece that is\n"
  "none of 0 .. classes - 1.");
  bind_pictures(module);
}

}  // namespace pcxx::python
