/// Reading and writing .npy files in memory.
#include "io/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "io/bytes.h"
#include "io/npy_header.h"
#include "io/utf8.h"
#include "pcxx/core/errors.h"

namespace pcxx::io {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;

struct DescrName {
  std::string_view name;
  ElementType type;
};
constexpr std::array kDescrs{DescrName{"<f4", ElementType::f32}, DescrName{"<f8", ElementType::f64},
                             DescrName{"<i4", ElementType::i32}, DescrName{"<i8", ElementType::i64},
                             DescrName{"|u1", ElementType::u8},  DescrName{"|b1", ElementType::u8}};

[[noreturn]] void unsound(const std::string& who, const std::string& what) {
  throw FileError(who + " is not a sound .npy: " + what + "; get or write it anew");
}

[[noreturn]] void unknown_dtype(const std::string& who, const std::string& descr) {
  throw FileError(who + " has dtype '" + descr +
                  "'; known: <f4, <f8, <i4, <i8, |u1, |b1 and unicode scalars; " +
                  "convert it in NumPy with astype");
}

/// Returns the shape as Python writes it: "()", "(3,)", "(3, 4)".
template <class Extents>
std::string shape_text(const Extents& extents) {
  std::string text = "(";
  for (const auto extent : extents) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  }
  return text + (extents.size() == 1 ? ",)" : ")");
}

/// Splits a .npy into its header and the bytes behind it.
std::pair<NpyHeader, Bytes> split(Bytes bytes, const std::string& who) {
  if (bytes.size() < 10 || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    unsound(who, "it does not start as one");
  }
  const auto version = number_at<std::uint8_t>(bytes, 6);
  if (version < 1 || version > 3 || number_at<std::uint8_t>(bytes, 7) != 0) {
    unsound(who, "its version " + std::to_string(version) + "." +
                     std::to_string(number_at<std::uint8_t>(bytes, 7)) +
                     " is none of 1.0, 2.0, 3.0");
  }
  const std::size_t start = version == 1 ? 10 : 12;
  const std::uint64_t length = version == 1        ? number_at<std::uint16_t>(bytes, 8)
                               : bytes.size() < 12 ? UINT64_MAX
                                                   : number_at<std::uint32_t>(bytes, 8);
  if (!fits(bytes.size(), start, length)) {
    unsound(who, "its header is cut short");
  }
  const auto text = bytes.subspan(start, length);
  auto header = parse_npy_header({reinterpret_cast<const char*>(text.data()), text.size()});
  if (!header) {
    unsound(who, "its header is none of a plain array with descr, fortran_order and shape");
  }
  return {*std::move(header), bytes.subspan(start + length)};
}

std::string text_from(const NpyHeader& header, Bytes data, const std::string& who) {
  std::uint64_t letters = 0;
  const char* const first = header.descr.data() + 2;
  const char* const last = header.descr.data() + header.descr.size();
  const auto [end, error] = std::from_chars(first, last, letters);
  if (error != std::errc() || end != last || !header.extents.empty()) {
    unknown_dtype(who, header.descr + "' of shape '" + shape_text(header.extents));
  }
  if (data.size() % 4 != 0 || data.size() / 4 != letters) {
    unsound(who, "it has " + std::to_string(data.size()) + " bytes behind its header for '" +
                     header.descr + "'");
  }
  std::u32string points(letters, U'\0');
  std::memcpy(points.data(), data.data(), data.size());
  points.resize(points.find_last_not_of(U'\0') + 1);  // npos + 1 is 0; NumPy pads with zeros
  auto text = utf8_from(points);
  if (!text) {
    unsound(who, "its text holds something that is no code point");
  }
  return *std::move(text);
}

/// Copies a column-major array: walks the source in order and steps through the row-major
/// destination.
void copy_from_fortran(Bytes data, Array& array) {
  const std::size_t size = size_of(array.type());
  const auto& extents = array.shape().extents();
  std::vector<std::size_t> strides(extents.size(), size);
  for (std::size_t axis = extents.size(); axis > 1; --axis) {
    strides[axis - 2] = strides[axis - 1] * static_cast<std::size_t>(extents[axis - 1]);
  }
  std::vector<Size> index(extents.size(), 0);
  std::size_t place = 0;
  for (std::size_t from = 0; from < data.size(); from += size) {
    std::memcpy(array.data() + place, data.data() + from, size);
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      place += strides[axis];
      if (++index[axis] < extents[axis]) {
        break;
      }
      place -= strides[axis] * static_cast<std::size_t>(extents[axis]);
      index[axis] = 0;
    }
  }
}

Array array_from(const NpyHeader& header, Bytes data, const std::string& who) {
  const auto* const known = std::find_if(kDescrs.begin(), kDescrs.end(),
                                         [&](const auto& d) { return d.name == header.descr; });
  if (known == kDescrs.end()) {
    unknown_dtype(who, header.descr);
  }
  if (bytes_of(header.extents, size_of(known->type)) != data.size()) {
    unsound(who, "it has " + std::to_string(data.size()) + " bytes behind its header for shape " +
                     shape_text(header.extents) + " of '" + header.descr + "'");
  }
  Array array(Shape(std::vector<Size>(header.extents.begin(), header.extents.end())), known->type);
  if (header.fortran_order && header.extents.size() > 1) {
    copy_from_fortran(data, array);
  } else if (!data.empty()) {
    std::memcpy(array.data(), data.data(), data.size());
  }
  return array;
}

/// Returns whether a pickle is that of np.array(None). Pickles are not run: this one ends with a list of None alone, "]N",
/// appended ("a") as the state ("t", "b") of the array, with memos (q and a byte, or 0x94) in between.
bool is_pickled_none(Bytes data) {
  constexpr std::size_t kLongest = 512;
  std::string letters;
  for (std::size_t i = 0; i < data.size() && data.size() <= kLongest; ++i) {
    const auto letter = static_cast<unsigned char>(data[i]);
    if (letter == 'q' && i + 2 < data.size()) {
      ++i;
    } else if (letter != 0x94) {
      letters += static_cast<char>(letter);
    }
  }
  return letters.starts_with('\x80') && letters.find("numpy") != std::string::npos && letters.ends_with("]Natb.");
}

std::vector<std::byte> header_bytes(std::string_view descr, const std::string& shape) {
  std::string text =
      "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': " + shape + ", }";
  constexpr std::size_t kPrefix = 10;  // magic, version, length
  text.append(kAlignment - 1 - (kPrefix + text.size()) % kAlignment, ' ');
  text.push_back('\n');
  std::vector<std::byte> bytes;
  append(bytes, std::string(kMagic));
  append_number(bytes, std::uint16_t{1});  // version 1.0
  append_number(bytes, static_cast<std::uint16_t>(text.size()));
  append(bytes, text);
  return bytes;
}

}  // namespace

std::variant<Array, std::string, PythonNone> parse_npy(Bytes bytes, const std::string& who) {
  const auto [header, data] = split(bytes, who);
  if (header.descr == "|O" && header.extents.empty() && is_pickled_none(data)) {
    return PythonNone{};
  }
  if (header.descr.starts_with("<U")) {
    return text_from(header, data, who);
  }
  return array_from(header, data, who);
}

std::vector<std::byte> npy_from(const Array& array, const std::string& name) {
  const auto* const known = std::find_if(kDescrs.begin(), kDescrs.end(),
                                         [&](const auto& d) { return d.type == array.type(); });
  if (known == kDescrs.end()) {
    throw ArgumentError("[npz] array '" + name +
                        "' is bf16, which NumPy lacks; convert it with to(ElementType::f32)");
  }
  std::vector<std::byte> bytes = header_bytes(known->name, shape_text(array.shape().extents()));
  append(bytes, Bytes(array.data(), array.bytes()));
  return bytes;
}

std::vector<std::byte> npy_from(const std::string& text, const std::string& name) {
  const auto points = utf32_from(text);
  if (!points || text.ends_with('\0')) {
    throw NameError("[npz] text '" + name +
                    "' is not UTF-8 or ends in a zero, which NumPy drops; encode it");
  }
  std::vector<std::byte> bytes = header_bytes("<U" + std::to_string(points->size()), "()");
  append(bytes, std::as_bytes(std::span(*points)));
  return bytes;
}

}  // namespace pcxx::io
