/// Philox4x32-10 and the draws made from it.
#include "pcxx/core/random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "pcxx/core/errors.h"

namespace pcxx {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t second = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
    key = {key[0] + 0x9E3779B9U, key[1] + 0xBB67AE85U};
  }
  return counter;
}

std::uint64_t stream_from(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char letter : name) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
  }
  return hash;
}

namespace {

std::array<std::uint32_t, 4> words_at(std::uint64_t seed, std::uint64_t stream, std::uint64_t block) {
  return philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                 static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)},
                {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
}

/// Returns a uniform integer in [0, range) made of pairs of words; draws above the last multiple of range repeat.
template <class Word>
std::uint64_t below_from(std::uint64_t range, Word&& word) {
  for (;;) {
    const std::uint64_t high = word();
    const std::uint64_t draw = high << 32 | word();
    const std::uint64_t rest = draw % range;
    if (draw - rest <= UINT64_MAX - range) {
      return rest;
    }
  }
}

}  // namespace

std::uint32_t RandomStream::word() {
  if (block_ != position_ >> 2) {
    block_ = position_ >> 2;
    words_ = words_at(seed_, stream_, block_);
  }
  return words_[position_++ & 3];
}

double RandomStream::uniform(double low, double high) { return low + (high - low) * unit_from(word()); }

void RandomStream::uniform(std::span<double> values, double low, double high) {
  std::size_t i = 0;
  while (i < values.size() && (position_ & 3) != 0) {
    values[i++] = uniform(low, high);
  }
  for (; i + 4 <= values.size(); i += 4, position_ += 4) {  // whole blocks
    const auto words = words_at(seed_, stream_, position_ >> 2);
    for (std::size_t j = 0; j < 4; ++j) {
      values[i + j] = low + (high - low) * unit_from(words[j]);
    }
  }
  for (; i < values.size(); ++i) {
    values[i] = uniform(low, high);
  }
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - unit_from(word())));  // 1 - u is in (0, 1]
  return radius * std::cos(2 * std::numbers::pi * unit_from(word()));
}

Size RandomStream::below(Size bound) {
  if (bound < 1) {
    throw ArgumentError("[random] below(" + std::to_string(bound) + ") needs a bound of at least 1");
  }
  return static_cast<Size>(below_from(static_cast<std::uint64_t>(bound), [this] { return word(); }));
}

std::vector<Size> RandomStream::permutation(Size count) {
  std::vector<Size> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Size{0});
  for (std::uint64_t left = order.size(); left > 1; --left) {
    std::swap(order[left - 1], order[below_from(left, [this] { return word(); })]);
  }
  return order;
}

}  // namespace pcxx
