/// Edit distance between names (optimal string alignment).
#include "core/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace pcxx {
namespace {

constexpr std::size_t kListed = 12;  // more names than these help nobody

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = std::exchange(last, row);
  }
  return last.back();
}

}  // namespace

std::string nearest(std::string_view name, std::span<const std::string> candidates) {
  const auto best = std::min_element(
      candidates.begin(), candidates.end(),
      [&](const std::string& a, const std::string& b) { return edits(name, a) < edits(name, b); });
  return best == candidates.end() ? std::string() : *best;
}

std::string unknown_name(std::string_view name, std::span<const std::string> known) {
  std::string text = fmt::format("unknown name '{}'", name);
  const std::string meant = nearest(name, known);
  if (edits(name, meant) <= std::max<std::size_t>(1, name.size() / 2)) {
    text += fmt::format("; nearest: {}", meant);
  }
  std::vector<std::string> listed(known.begin(), known.end());
  std::sort(listed.begin(), listed.end());
  const std::size_t left_out = listed.size() > kListed ? listed.size() - kListed : 0;
  listed.resize(listed.size() - left_out);
  text += listed.empty() ? "; none is known" : fmt::format("; known: {}", fmt::join(listed, ", "));
  return left_out == 0 ? text : text + fmt::format(" and {} more", left_out);
}

}  // namespace pcxx
