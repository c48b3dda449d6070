/// A reader for the few Python literals that a .npy header may hold.
#include "io/npy_header.h"

#include <algorithm>
#include <charconv>

namespace pcxx::io {
namespace {

constexpr std::size_t kMaximumRank = 64;  // as NumPy 2

class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  bool header(NpyHeader& header) {
    if (!take('{')) {
      return false;
    }
    bool descr = false;
    bool order = false;
    bool shape = false;
    while (!take('}')) {
      std::string key;
      if (!quoted(key) || !take(':')) {
        return false;
      }
      bool& seen = key == "descr" ? descr : key == "fortran_order" ? order : shape;
      const bool fine = key == "descr"           ? quoted(header.descr)
                        : key == "fortran_order" ? boolean(header.fortran_order)
                                                 : key == "shape" && tuple(header.extents);
      if (seen || !fine || (!take(',') && !next_is('}'))) {
        return false;
      }
      seen = true;
    }
    skip_space();
    return descr && order && shape && text_.empty();
  }

 private:
  void skip_space() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\n\r"), text_.size()));
  }

  bool next_is(char letter) {
    skip_space();
    return text_.starts_with(letter);
  }

  bool take(char letter) {
    const bool found = next_is(letter);
    text_.remove_prefix(found ? 1 : 0);
    return found;
  }

  bool take(std::string_view word) {
    skip_space();
    const bool found = text_.starts_with(word);
    text_.remove_prefix(found ? word.size() : 0);
    return found;
  }

  bool quoted(std::string& value) {
    const char quote = next_is('"') ? '"' : '\'';
    if (!take(quote)) {
      return false;
    }
    const std::size_t end = text_.find(quote);
    if (end == std::string_view::npos) {
      return false;
    }
    value = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return value.find('\\') == std::string::npos;
  }

  bool boolean(bool& value) {
    value = take("True");
    return value || take("False");
  }

  bool tuple(std::vector<std::uint64_t>& extents) {
    if (!take('(')) {
      return false;
    }
    bool comma = true;
    while (!take(')')) {
      std::uint64_t extent = 0;
      skip_space();
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (!comma || error != std::errc() || extents.size() == kMaximumRank) {
        return false;
      }
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      text_.remove_prefix(text_.starts_with('L') ? 1 : 0);  // a long of Python 2
      extents.push_back(extent);
      comma = take(',');
    }
    return extents.size() != 1 || comma;  // "(3)" is a number, not a tuple
  }

  std::string_view text_;
};

}  // namespace

std::optional<NpyHeader> parse_npy_header(std::string_view text) {
  NpyHeader header;
  if (!LiteralReader(text).header(header)) {
    return std::nullopt;
  }
  return header;
}

}  // namespace pcxx::io
