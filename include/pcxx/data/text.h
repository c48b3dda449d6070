/// Text as samples: characters, bytes or words as numbers of a vocabulary, in windows of one length.
///
///   const std::string text = read_text("book.txt");
///   const Vocabulary letters = Vocabulary::characters(text);
///   const Dataset set = text_windows(letters.encode(text), letters.size(), {.length = 64});
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pcxx/data/dataset.h"

namespace pcxx {

/// Returns what a file holds. Throws FileError.
std::string read_text(const std::filesystem::path& path);

struct WordOptions {
  /// Only the so many most frequent words get a number of their own (of equally frequent ones, the first in the order of
  /// bytes); 0: all.
  Size most = 0;
  /// The word that stands for all others; there is always one, with number 0.
  std::string unknown = "<unknown>";
};

/// Pieces of text and their numbers, 0 .. size() - 1.
class Vocabulary {
 public:
  /// Returns the vocabulary of all 256 bytes: for any text, in any encoding.
  static Vocabulary bytes();
  /// Returns the characters (code points) that a text has, in their order. Throws ArgumentError if it is not UTF-8.
  static Vocabulary characters(std::string_view text);
  /// Returns the words of a text, what white space separates, the most frequent ones first.
  static Vocabulary words(std::string_view text, const WordOptions& options = {});

  Size size() const { return static_cast<Size>(pieces_.size()); }
  /// Returns a piece's text. Throws std::out_of_range.
  const std::string& piece(Size number) const;

  /// Returns the numbers of a text's pieces. Throws ArgumentError naming the first character, and its place, that is not
  /// in a vocabulary of characters; unknown words get number 0.
  std::vector<std::int32_t> encode(std::string_view text) const;
  /// Returns the text of numbers, words with one space between them. Throws std::out_of_range.
  std::string decode(std::span<const std::int32_t> numbers) const;

 private:
  enum class Unit : std::uint8_t { byte, character, word };
  Vocabulary(Unit unit, std::vector<std::string> pieces);

  Unit unit_;
  std::vector<std::string> pieces_;
  std::map<std::string, std::int32_t, std::less<>> numbers_;
};

struct WindowOptions {
  Size length = 64;  // pieces that a sample shows
  Size stride = 1;   // pieces from one sample to the next
};

/// Returns windows of `length` pieces as samples, whole numbers of shape (length), and the piece after each as its label.
///
/// Windows overlap in memory, so a text takes the memory of its pieces alone. For a network of index nodes take
/// Batch::indices; for one of real nodes add one_hot_samples(classes) to the transforms. Throws ArgumentError if the text is
/// too short for one window or has a piece that is none of 0 .. classes - 1.
Dataset text_windows(std::vector<std::int32_t> pieces, Size classes, const WindowOptions& options = {});

}  // namespace pcxx
