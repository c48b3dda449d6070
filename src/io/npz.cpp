/// NPZ: a zip archive of .npy members.
#include "pcxx/io/npz.h"

#include <string_view>
#include <utility>
#include <variant>

#include "io/npy.h"
#include "io/utf8.h"
#include "io/zip.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"

namespace pcxx {
namespace {

constexpr std::string_view kSuffix = ".npy";

std::string member_name(const std::string& name) {
  if (!io::utf32_from(name)) {
    throw NameError("[npz] the name of an array is not UTF-8 text; encode it");
  }
  return name + std::string(kSuffix);
}

}  // namespace

void save_npz(const std::filesystem::path& path, const NamedArrays& arrays,
              const std::map<std::string, std::string>& texts, bool compress) {
  io::ZipWriter archive(compress);
  for (const auto& [name, text] : texts) {
    if (arrays.contains(name)) {
      throw NameError("[npz] '" + name + "' names both an array and a text; rename one");
    }
    archive.add(member_name(name), io::npy_from(text, name));
  }
  for (const auto& [name, array] : arrays) {
    archive.add(member_name(name), io::npy_from(array, name));
  }
  write_file_atomically(path, archive.finish());
}

NpzFile parse_npz(std::span<const std::byte> bytes, const std::string& name) {
  const std::string who = "[npz] '" + name + "'";
  NpzFile file;
  for (const io::ZipMember& member : io::zip_members(bytes, who)) {
    if (!member.name.ends_with(kSuffix)) {
      throw FileError(who + ": member '" + member.name +
                      "' is not an array; every member must be a .npy; remove it");
    }
    const std::string key = member.name.substr(0, member.name.size() - kSuffix.size());
    auto value =
        io::parse_npy(io::zip_contents(member, who), who + ": member '" + member.name + "'");
    file.order.push_back(key);
    if (auto* text = std::get_if<std::string>(&value)) {
      file.texts.emplace(key, std::move(*text));
    } else if (std::holds_alternative<io::PythonNone>(value)) {
      file.nones.insert(key);
    } else {
      file.arrays.emplace(key, std::get<Array>(std::move(value)));
    }
  }
  return file;
}

NpzFile load_npz(const std::filesystem::path& path) {
  return parse_npz(read_file(path), path.string());
}

}  // namespace pcxx
