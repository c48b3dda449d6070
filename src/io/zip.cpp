/// Reading zip archives: end record, directory, members.
#include "io/zip.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "io/bytes.h"
#include "io/inflate.h"
#include "io/utf8.h"
#include "io/zip_format.h"
#include "pcxx/core/errors.h"

namespace pcxx::io {
namespace {

[[noreturn]] void unsound(const std::string& who, const std::string& what) {
  throw FileError(who + " is not a sound zip archive: " + what + "; get or write it anew");
}

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t members = 0;
};

/// Returns where the record at the very end of the archive starts: nothing may follow it but its
/// own comment.
std::size_t find_end(Bytes archive, const std::string& who) {
  if (archive.size() >= zip::kEndBytes) {
    const std::size_t last = archive.size() - zip::kEndBytes;
    for (std::size_t comment = 0; comment <= std::min<std::size_t>(last, 0xFFFF); ++comment) {
      const std::size_t place = last - comment;
      if (number_at<std::uint32_t>(archive, place) == zip::kEnd &&
          number_at<std::uint16_t>(archive, place + 20) == comment) {
        return place;
      }
    }
  }
  unsound(who, "its directory at the end is missing (cut short, or another kind of file)");
}

/// Reads the zip64 end record, which the locator just before the plain one points to.
Directory find_directory64(Bytes archive, std::size_t end, const std::string& who) {
  if (end >= zip::kLocator64Bytes &&
      number_at<std::uint32_t>(archive, end - zip::kLocator64Bytes) == zip::kLocator64) {
    const auto place = number_at<std::uint64_t>(archive, end - zip::kLocator64Bytes + 8);
    if (fits(end - zip::kLocator64Bytes, place, zip::kEnd64Bytes) &&
        number_at<std::uint32_t>(archive, place) == zip::kEnd64) {
      return {number_at<std::uint64_t>(archive, place + 48),
              number_at<std::uint64_t>(archive, place + 40),
              number_at<std::uint64_t>(archive, place + 32)};
    }
  }
  unsound(who, "its zip64 directory is missing");
}

Directory find_directory(Bytes archive, const std::string& who) {
  const std::size_t end = find_end(archive, who);
  Directory found{number_at<std::uint32_t>(archive, end + 16),
                  number_at<std::uint32_t>(archive, end + 12),
                  number_at<std::uint16_t>(archive, end + 10)};
  if (found.offset == zip::kFull || found.bytes == zip::kFull || found.members == 0xFFFF) {
    found = find_directory64(archive, end, who);
  }
  if (!fits(end, found.offset, found.bytes) || found.members > found.bytes / zip::kDirectoryBytes) {
    unsound(who, "its directory claims " + std::to_string(found.members) + " members in " +
                     std::to_string(found.bytes) + " bytes at " + std::to_string(found.offset) +
                     " of " + std::to_string(archive.size()));
  }
  return found;
}

/// Replaces sizes and place that read 0xFFFFFFFF by the numbers of the zip64 field among the extra
/// fields.
bool apply_zip64(Bytes extra, std::uint64_t& size, std::uint64_t& stored, std::uint64_t& place) {
  const bool needed = size == zip::kFull || stored == zip::kFull || place == zip::kFull;
  while (extra.size() >= 4) {
    const auto kind = number_at<std::uint16_t>(extra, 0);
    const auto length = number_at<std::uint16_t>(extra, 2);
    if (!fits(extra.size(), 4, length)) {
      return false;
    }
    Bytes field = extra.subspan(4, length);
    for (std::uint64_t* number : {&size, &stored, &place}) {
      if (kind == zip::kZip64Field && *number == zip::kFull) {
        if (field.size() < 8) {
          return false;
        }
        *number = number_at<std::uint64_t>(field, 0);
        field = field.subspan(8);
      }
    }
    if (kind == zip::kZip64Field) {
      return true;
    }
    extra = extra.subspan(4 + std::size_t{length});
  }
  return !needed;
}

/// One entry of the directory and how many bytes it takes.
struct DirectoryEntry {
  ZipMember member;
  std::uint64_t place = 0;  // of the member's own header
  std::uint64_t stored = 0;
  std::size_t bytes = 0;
};

DirectoryEntry read_entry(Bytes directory, const std::string& who) {
  if (directory.size() < zip::kDirectoryBytes ||
      number_at<std::uint32_t>(directory, 0) != zip::kDirectory) {
    unsound(who, "its directory is damaged");
  }
  const auto flags = number_at<std::uint16_t>(directory, 8);
  const std::size_t name_bytes = number_at<std::uint16_t>(directory, 28);
  const std::size_t extra_bytes = number_at<std::uint16_t>(directory, 30);
  DirectoryEntry entry;
  entry.bytes =
      zip::kDirectoryBytes + name_bytes + extra_bytes + number_at<std::uint16_t>(directory, 32);
  if (entry.bytes > directory.size()) {
    unsound(who, "its directory is cut short");
  }
  ZipMember& member = entry.member;
  member.name.assign(reinterpret_cast<const char*>(directory.data()) + zip::kDirectoryBytes,
                     name_bytes);
  member.method = number_at<std::uint16_t>(directory, 10);
  member.checksum = number_at<std::uint32_t>(directory, 16);
  entry.stored = number_at<std::uint32_t>(directory, 20);
  member.size = number_at<std::uint32_t>(directory, 24);
  entry.place = number_at<std::uint32_t>(directory, 42);
  if (!utf32_from(member.name)) {
    unsound(who, "a member's name is not UTF-8");
  }
  if (!apply_zip64(directory.subspan(zip::kDirectoryBytes + name_bytes, extra_bytes), member.size,
                   entry.stored, entry.place)) {
    unsound(who, "member '" + member.name + "' has a damaged zip64 field");
  }
  if ((flags & zip::kEncrypted) != 0 ||
      (member.method != zip::kStored && member.method != zip::kDeflated)) {
    throw FileError(
        who + ": member '" + member.name + "' is " +
        ((flags & zip::kEncrypted) != 0 ? "encrypted"
                                        : "compressed by method " + std::to_string(member.method)) +
        "; known: stored, deflated; write it anew with numpy.savez or numpy.savez_compressed");
  }
  return entry;
}

/// Finds the bytes of a member behind its own header, which must lie before the directory.
void locate(DirectoryEntry& entry, Bytes before_directory, const std::string& who) {
  const auto wrong = [&](const char* what) {
    unsound(who, "member '" + entry.member.name + "' " + what);
  };
  if (!fits(before_directory.size(), entry.place, zip::kLocalBytes) ||
      number_at<std::uint32_t>(before_directory, entry.place) != zip::kLocal) {
    wrong("is not where the directory says");
  }
  const std::size_t name_bytes = number_at<std::uint16_t>(before_directory, entry.place + 26);
  const std::size_t start = entry.place + zip::kLocalBytes + name_bytes +
                            number_at<std::uint16_t>(before_directory, entry.place + 28);
  if (!fits(before_directory.size(), start, entry.stored)) {
    wrong("is cut short");
  }
  const auto* name =
      reinterpret_cast<const char*>(before_directory.data()) + entry.place + zip::kLocalBytes;
  if (std::string_view(name, name_bytes) != entry.member.name) {
    wrong("has another name where it lies");
  }
  entry.member.stored = before_directory.subspan(start, entry.stored);
  const bool possible = entry.member.method == zip::kStored
                            ? entry.member.size == entry.stored
                            : entry.member.size / kMaximumInflation <= entry.stored;
  if (!possible) {
    wrong("claims a size that its data cannot have");
  }
}

/// Members that share bytes are how a small archive unfolds to a huge one.
void check_apart(const std::vector<DirectoryEntry>& entries, const std::string& who) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  std::set<std::string_view> names;
  for (const DirectoryEntry& entry : entries) {
    ranges.emplace_back(entry.place,
                        entry.place + zip::kLocalBytes + entry.member.name.size() + entry.stored);
    if (!names.insert(entry.member.name).second) {
      unsound(who, "it has two members '" + entry.member.name + "'");
    }
  }
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first < ranges[i - 1].second) {
      unsound(who, "its members overlap");
    }
  }
}

}  // namespace

std::vector<ZipMember> zip_members(Bytes archive, const std::string& who) {
  const Directory directory = find_directory(archive, who);
  Bytes left = archive.subspan(directory.offset, directory.bytes);
  std::vector<DirectoryEntry> entries;
  while (!left.empty()) {
    entries.push_back(read_entry(left, who));
    locate(entries.back(), archive.first(directory.offset), who);
    left = left.subspan(entries.back().bytes);
  }
  if (entries.size() != directory.members) {
    unsound(who, "its directory has " + std::to_string(entries.size()) + " members and claims " +
                     std::to_string(directory.members));
  }
  check_apart(entries, who);
  std::vector<ZipMember> members;
  for (DirectoryEntry& entry : entries) {
    members.push_back(std::move(entry.member));
  }
  return members;
}

std::vector<std::byte> zip_contents(const ZipMember& member, const std::string& who) {
  std::vector<std::byte> contents;
  const std::string whose = who + ": member '" + member.name + "'";
  if (member.method == zip::kStored) {
    contents.assign(member.stored.begin(), member.stored.end());
  } else {
    contents.resize(member.size);
    Inflater inflater(member.stored, Inflater::Format::raw, whose);
    if (inflater.read(contents) != member.size) {
      throw FileError(whose +
                      " is damaged: it holds less than the archive says; get or write it anew");
    }
    inflater.finish();
  }
  if (zip::checksum(contents) != member.checksum) {
    throw FileError(whose + " is damaged: its checksum is wrong; get or write it anew");
  }
  return contents;
}

}  // namespace pcxx::io
