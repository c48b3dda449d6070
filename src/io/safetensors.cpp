/// Safetensors: writing in a canonical order, reading with every claim checked against the bytes.
#include "pcxx/io/safetensors.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/safetensors_header.h"
#include "io/utf8.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"

namespace pcxx {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaximumHeader = 100'000'000;  // the limit of the original implementation
constexpr const char* kMetadataKey = "__metadata__";

struct DtypeName {
  ElementType type;
  const char* name;
};
constexpr std::array kDtypes{
    DtypeName{ElementType::bf16, "BF16"}, DtypeName{ElementType::f32, "F32"},
    DtypeName{ElementType::f64, "F64"},   DtypeName{ElementType::i32, "I32"},
    DtypeName{ElementType::i64, "I64"},   DtypeName{ElementType::u8, "U8"}};

const char* name_of(ElementType type) {
  return std::find_if(kDtypes.begin(), kDtypes.end(),
                      [&](const DtypeName& dtype) { return dtype.type == type; })
      ->name;
}

[[noreturn]] void unsound(const std::string& who, const std::string& what) {
  throw FileError(who + " is not a sound safetensors file: " + what + "; get or write it anew");
}

void check_text(const std::string& text, const char* what) {
  if (!io::utf32_from(text)) {
    throw NameError(std::string("[safetensors] a ") + what + " is not UTF-8 text; encode it");
  }
}

/// Wide numbers first, then by name: every array starts at a multiple of its element size.
std::vector<const NamedArrays::value_type*> file_order(const NamedArrays& arrays) {
  std::vector<const NamedArrays::value_type*> order;
  for (const auto& entry : arrays) {
    order.push_back(&entry);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return size_of(a->second.type()) > size_of(b->second.type());
  });
  return order;
}

std::string header_of(const std::vector<const NamedArrays::value_type*>& order,
                      const Metadata& metadata) {
  auto header = nlohmann::ordered_json::object();
  if (!metadata.empty()) {
    header[kMetadataKey] = metadata;
  }
  std::size_t offset = 0;
  for (const auto* entry : order) {
    const auto& [name, array] = *entry;
    const std::size_t end = offset + array.bytes();
    header[name] = {{"dtype", name_of(array.type())},
                    {"shape", array.shape().extents()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  return text;
}

void check_names(const NamedArrays& arrays, const Metadata& metadata) {
  for (const auto& [name, array] : arrays) {
    check_text(name, "name of an array");
    if (name == kMetadataKey) {
      throw NameError(
          "[safetensors] an array cannot be named '__metadata__': the format reserves it; rename "
          "it");
    }
  }
  for (const auto& [key, text] : metadata) {
    check_text(key, "metadata key");
    check_text(text, "metadata text");
  }
}

ElementType type_from(const std::string& dtype, const std::string& name, const std::string& who) {
  for (const auto& [type, known] : kDtypes) {
    if (dtype == known) {
      return type;
    }
  }
  throw FileError(who + ": array '" + name + "' has dtype '" + dtype +
                  "'; known: BF16, F32, F64, I32, I64, U8; convert it where it was made");
}

using Entry = std::pair<const std::string, io::TensorEntry>;

/// Checks that the arrays lie one after the other from the first byte of the data to the last.
void check_places(const std::map<std::string, io::TensorEntry>& tensors, std::uint64_t data_bytes,
                  const std::string& who) {
  std::vector<const Entry*> order;
  for (const Entry& entry : tensors) {
    order.push_back(&entry);
  }
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return a->second.offsets < b->second.offsets; });
  std::uint64_t end = 0;
  for (const Entry* entry : order) {
    const auto [first, last] = entry->second.offsets;
    if (first != end || last < first || last > data_bytes) {
      unsound(who, "array '" + entry->first + "' claims bytes " + std::to_string(first) + " to " +
                       std::to_string(last) + " of " + std::to_string(data_bytes) +
                       ", but the arrays before it end at " + std::to_string(end));
    }
    end = last;
  }
  if (end != data_bytes) {
    unsound(who, "its arrays take " + std::to_string(end) + " bytes, but " +
                     std::to_string(data_bytes) + " follow the header");
  }
}

Array array_from(const Entry& entry, io::Bytes data, const std::string& who) {
  const auto& [name, tensor] = entry;
  const ElementType type = type_from(tensor.dtype, name, who);
  const std::uint64_t length = tensor.offsets[1] - tensor.offsets[0];
  if (io::bytes_of(tensor.extents, size_of(type)) != length) {
    unsound(who, "array '" + name + "' has " + std::to_string(length) +
                     " bytes, which its shape and dtype do not give");
  }
  Array array(Shape(std::vector<Size>(tensor.extents.begin(), tensor.extents.end())), type);
  std::copy_n(data.data() + tensor.offsets[0], length, array.data());
  return array;
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const NamedArrays& arrays,
                      const Metadata& metadata) {
  check_names(arrays, metadata);
  const auto order = file_order(arrays);
  const std::string header = header_of(order, metadata);
  if (header.size() > kMaximumHeader) {
    throw ArgumentError("[safetensors] names and metadata take " + std::to_string(header.size()) +
                        " bytes; at most 100000000 fit; shorten them");
  }
  const std::uint64_t length = header.size();
  io::AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const auto* entry : order) {
    file.write({entry->second.data(), entry->second.bytes()});
  }
  file.commit();
}

SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  const std::string who = "[safetensors] '" + name + "'";
  const auto length = bytes.size() < kLengthBytes ? 0 : io::number_at<std::uint64_t>(bytes, 0);
  if (bytes.size() < kLengthBytes || length > kMaximumHeader ||
      !io::fits(bytes.size(), kLengthBytes, length)) {
    unsound(who, bytes.size() < kLengthBytes
                     ? "it has only " + std::to_string(bytes.size()) + " bytes"
                     : "its header claims " + std::to_string(length) + " bytes in a file of " +
                           std::to_string(bytes.size()));
  }
  const auto text = bytes.subspan(kLengthBytes, length);
  const auto data = bytes.subspan(kLengthBytes + length);
  io::SafetensorsHeader header =
      io::parse_header({reinterpret_cast<const char*>(text.data()), text.size()}, who);
  check_places(header.tensors, data.size(), who);
  SafetensorsFile file;
  for (const Entry& entry : header.tensors) {
    file.arrays.emplace(entry.first, array_from(entry, data, who));
  }
  file.metadata = std::move(header.metadata);
  return file;
}

SafetensorsFile load_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_file(path), path.string());
}

}  // namespace pcxx
