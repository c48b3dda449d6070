/// Text: vocabularies, and windows that slide over its pieces.
#include "pcxx/data/text.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>

#include "io/utf8.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"

namespace pcxx {
namespace {

std::u32string code_points(std::string_view text) {
  auto points = io::utf32_from(text);
  if (!points) {
    throw ArgumentError("[vocabulary] the text is not UTF-8; convert it, or take a vocabulary of bytes");
  }
  return *std::move(points);
}

std::string character(char32_t point) { return *io::utf8_from(std::u32string_view(&point, 1)); }

/// Calls visit(word) for each word in order.
template <class Visit>
void for_each_word(std::string_view text, Visit&& visit) {
  constexpr std::string_view kSpace = " \t\n\r\v\f";
  std::size_t end = 0;
  for (std::size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;
       begin = text.find_first_not_of(kSpace, end)) {
    end = std::min(text.find_first_of(kSpace, begin), text.size());
    visit(text.substr(begin, end - begin));
  }
}

class Windows : public SampleSource {
 public:
  Windows(std::vector<std::int32_t> pieces, const WindowOptions& options)
      : pieces_(std::move(pieces)), options_(options) {}
  Size size() const override {
    return (static_cast<Size>(pieces_.size()) - options_.length - 1) / options_.stride + 1;
  }
  Shape shape() const override { return {options_.length}; }
  void read(Size sample, std::span<float> numbers) const override {
    std::transform(pieces_.begin() + sample * options_.stride,
                   pieces_.begin() + sample * options_.stride + options_.length, numbers.begin(),
                   [](std::int32_t piece) { return static_cast<float>(piece); });
  }
  std::int32_t next(Size sample) const {
    return pieces_[static_cast<std::size_t>(sample * options_.stride + options_.length)];
  }

 private:
  std::vector<std::int32_t> pieces_;
  WindowOptions options_;
};

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Vocabulary::Vocabulary(Unit unit, std::vector<std::string> pieces) : unit_(unit), pieces_(std::move(pieces)) {
  for (const std::string& piece : pieces_) {
    numbers_.emplace(piece, static_cast<std::int32_t>(numbers_.size()));
  }
}

Vocabulary Vocabulary::bytes() {
  std::vector<std::string> pieces;
  for (int byte = 0; byte < 256; ++byte) {
    pieces.emplace_back(1, static_cast<char>(byte));
  }
  return {Unit::byte, std::move(pieces)};
}

Vocabulary Vocabulary::characters(std::string_view text) {
  std::u32string points = code_points(text);
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  std::vector<std::string> pieces;
  std::transform(points.begin(), points.end(), std::back_inserter(pieces), character);
  return {Unit::character, std::move(pieces)};
}

Vocabulary Vocabulary::words(std::string_view text, const WordOptions& options) {
  if (options.most < 0) {
    throw ArgumentError("[vocabulary] the most words are " + std::to_string(options.most) + "; expected 0 (all) or more");
  }
  std::map<std::string, Size, std::less<>> counts;
  for_each_word(text, [&](std::string_view word) { ++counts[std::string(word)]; });
  counts.erase(options.unknown);
  std::vector<std::pair<std::string, Size>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (options.most > 0 && options.most < static_cast<Size>(order.size())) {
    order.resize(static_cast<std::size_t>(options.most));
  }
  std::vector<std::string> pieces{options.unknown};
  for (auto& [word, count] : order) {
    pieces.push_back(std::move(word));
  }
  return {Unit::word, std::move(pieces)};
}

const std::string& Vocabulary::piece(Size number) const {
  if (number < 0 || number >= size()) {
    throw std::out_of_range("[vocabulary] there is no piece " + std::to_string(number) + "; expected 0 to " +
                            std::to_string(size() - 1));
  }
  return pieces_[static_cast<std::size_t>(number)];
}

std::vector<std::int32_t> Vocabulary::encode(std::string_view text) const {
  std::vector<std::int32_t> numbers;
  if (unit_ == Unit::byte) {
    std::transform(text.begin(), text.end(), std::back_inserter(numbers),
                   [](char byte) { return static_cast<std::int32_t>(static_cast<unsigned char>(byte)); });
  } else if (unit_ == Unit::word) {
    for_each_word(text, [&](std::string_view word) {
      const auto found = numbers_.find(word);
      numbers.push_back(found == numbers_.end() ? 0 : found->second);
    });
  } else {
    for (const char32_t point : code_points(text)) {
      const auto found = numbers_.find(character(point));
      if (found == numbers_.end()) {
        throw ArgumentError("[vocabulary] character " + std::to_string(numbers.size()) + " of the text, '" +
                            character(point) + "', is none of the " + std::to_string(size()) +
                            " that there are; make the vocabulary from all texts");
      }
      numbers.push_back(found->second);
    }
  }
  return numbers;
}

std::string Vocabulary::decode(std::span<const std::int32_t> numbers) const {
  std::string text;
  for (const std::int32_t number : numbers) {
    text += (unit_ == Unit::word && !text.empty() ? " " : "") + piece(number);
  }
  return text;
}

Dataset text_windows(std::vector<std::int32_t> pieces, Size classes, const WindowOptions& options) {
  if (options.length < 1 || options.stride < 1) {
    throw ArgumentError("[text_windows] length " + std::to_string(options.length) + ", stride " +
                        std::to_string(options.stride) + "; both must be at least 1");
  }
  if (static_cast<Size>(pieces.size()) <= options.length) {
    throw ArgumentError("[text_windows] " + std::to_string(pieces.size()) + " pieces give no window of " +
                        std::to_string(options.length) + " and the piece after it; give a longer text or a smaller length");
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i] < 0 || pieces[i] >= classes) {
      throw ArgumentError("[text_windows] piece " + std::to_string(i) + " is number " + std::to_string(pieces[i]) +
                          ", which is none of 0 to " + std::to_string(classes - 1));
    }
  }
  const auto windows = std::make_shared<Windows>(std::move(pieces), options);
  Dataset set;
  set.labels = Array({windows->size()}, ElementType::i32);
  for (Size sample = 0; sample < windows->size(); ++sample) {
    set.labels.as<std::int32_t>()[static_cast<std::size_t>(sample)] = windows->next(sample);
  }
  set.classes = classes;
  set.source = windows;
  set.whole_numbers = true;
  return set;
}

}  // namespace pcxx
