/// Drawing confusion matrices: cells with counts, or for many classes shades alone.
#include "report/confusion_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <vector>

#include "report/html.h"

namespace pcxx::report {
namespace {

constexpr Size kMostWithCounts = 20;  // classes
constexpr double kWidth = 420, kLargestCell = 84, kLeft = 52, kTop = 44, kRight = 56;
constexpr std::size_t kPairs = 10;
constexpr int kShades = 6;  // where there are no counts

/// What the shades are relative to.
struct Scale {
  std::vector<Size> rows;  // samples of each class
  double worst = 0;        // the largest part of a class that is taken for one other
};

double side_of(const ConfusionMatrix& matrix) {
  return std::min(kWidth, kLargestCell * static_cast<double>(matrix.classes));
}

double part(Size count, Size whole) { return whole > 0 ? static_cast<double>(count) / static_cast<double>(whole) : 0; }

Scale scale_of(const ConfusionMatrix& matrix) {
  Scale scale;
  for (Size row = 0; row < matrix.classes; ++row) {
    Size sum = 0;
    for (Size column = 0; column < matrix.classes; ++column) {
      sum += matrix.at(row, column);
    }
    scale.rows.push_back(sum);
    for (Size column = 0; column < matrix.classes; ++column) {
      if (column != row) {
        scale.worst = std::max(scale.worst, part(matrix.at(row, column), sum));
      }
    }
  }
  return scale;
}

/// Returns how dark a cell is, from 0 to 1.
double shade(const ConfusionMatrix& matrix, const Scale& scale, Size row, Size column) {
  const double share = part(matrix.at(row, column), scale.rows[static_cast<std::size_t>(row)]);
  return row == column ? share : share / std::max(scale.worst, 0.1);  // few mistakes stay pale
}

std::string cells_with_counts(const ConfusionMatrix& matrix, const Scale& scale) {
  const double whole = side_of(matrix), side = whole / static_cast<double>(matrix.classes);
  const double letters = std::clamp(side * 0.33, 7.0, 14.0);
  std::string svg;
  for (Size row = 0; row < matrix.classes; ++row) {
    const double y = kTop + static_cast<double>(row) * side;
    for (Size column = 0; column < matrix.classes; ++column) {
      const double x = kLeft + static_cast<double>(column) * side;
      const Size count = matrix.at(row, column);
      const double dark = shade(matrix, scale, row, column);
      svg += fmt::format("<g><title>class {}, taken for {}: {} of {}</title><rect class=\"cell\" x=\"{:.1f}\" y=\"{:.1f}\" "
                         "width=\"{:.1f}\" height=\"{:.1f}\"/>",
                         row, column, count, scale.rows[static_cast<std::size_t>(row)], x + 0.5, y + 0.5, side - 1, side - 1);
      if (count > 0) {
        svg += fmt::format("<rect class=\"{}\" fill-opacity=\"{:.3f}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                           "height=\"{:.1f}\"/><text class=\"count{}\" font-size=\"{:.1f}\" x=\"{:.1f}\" y=\"{:.1f}\" "
                           "text-anchor=\"middle\">{}</text>",
                           row == column ? "right" : "wrong", dark, x + 0.5, y + 0.5, side - 1, side - 1,
                           dark > 0.55 ? " on-dark" : "", letters, x + side / 2, y + side / 2 + letters * 0.35, count);
      }
      svg += "</g>";
    }
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text><text x=\"{:.1f}\" y=\"{:.1f}\">{:.1f}%</text>",
                       kLeft - 8, y + side / 2 + 4, row, kLeft + whole + 8, y + side / 2 + 4,
                       100 * part(matrix.at(row, row), scale.rows[static_cast<std::size_t>(row)]));
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>",
                       kLeft + (static_cast<double>(row) + 0.5) * side, kTop - 8, row);
  }
  return svg + fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">right</text>", kLeft + whole + 8, kTop - 8);
}

/// One path for each shade: a cell takes a few letters, so a thousand classes can be drawn.
std::string shades_alone(const ConfusionMatrix& matrix, const Scale& scale) {
  std::array<std::string, kShades> right, wrong;
  for (Size row = 0; row < matrix.classes; ++row) {
    for (Size column = 0; column < matrix.classes; ++column) {
      if (matrix.at(row, column) > 0) {
        const double dark = std::clamp(shade(matrix, scale, row, column), 0.0, 1.0);
        const auto level = static_cast<std::size_t>(std::min(kShades - 1, static_cast<int>(dark * kShades)));
        (row == column ? right : wrong)[level] += fmt::format("M{} {}h1v1h-1z", column, row);
      }
    }
  }
  const double whole = side_of(matrix), side = whole / static_cast<double>(matrix.classes);
  std::string svg = fmt::format("<rect class=\"cell\" x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{2}\"/>"
                                "<g transform=\"translate({0} {1}) scale({3:.5f})\">",
                                kLeft, kTop, whole, side);
  for (std::size_t level = 0; level < kShades; ++level) {
    const double opacity = (static_cast<double>(level) + 1) / kShades;
    for (const auto& [name, path] : {std::pair{"right", right[level]}, std::pair{"wrong", wrong[level]}}) {
      svg += path.empty() ? "" : fmt::format("<path class=\"{}\" fill-opacity=\"{:.3f}\" d=\"{}\"/>", name, opacity, path);
    }
  }
  svg += "</g>";
  const Size every = std::max<Size>(1, (matrix.classes + 9) / 10 / 5 * 5);
  for (Size tick = 0; tick < matrix.classes; tick += every) {
    const double place = (static_cast<double>(tick) + 0.5) * side;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 8, kTop + place + 4, tick);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", kLeft + place, kTop - 8, tick);
  }
  return svg;
}

}  // namespace

std::string confusion_figure(const ConfusionMatrix& matrix, const std::string& title) {
  const Scale scale = scale_of(matrix);
  const double whole = side_of(matrix);
  std::string html = fmt::format(
      "<figure class=\"matrix\"><figcaption>{0}</figcaption><svg class=\"chart\" viewBox=\"0 0 {1:.0f} {2:.0f}\" role=\"img\" "
      "aria-label=\"{0}\">",
      escaped(title), kLeft + kWidth + kRight, kTop + whole + 8);
  html += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"14\" text-anchor=\"middle\">taken for</text>", kLeft + whole / 2);
  html += fmt::format("<text class=\"label\" transform=\"translate(14 {:.1f}) rotate(-90)\" text-anchor=\"middle\">class</text>",
                      kTop + whole / 2);
  html += matrix.classes <= kMostWithCounts ? cells_with_counts(matrix, scale) : shades_alone(matrix, scale);
  return html + "</svg></figure>\n";
}

std::string confused_pairs(const ConfusionMatrix& matrix) {
  const Scale scale = scale_of(matrix);
  std::vector<std::pair<Size, Size>> pairs;
  for (Size row = 0; row < matrix.classes; ++row) {
    for (Size column = 0; column < matrix.classes; ++column) {
      if (row != column && matrix.at(row, column) > 0) {
        pairs.emplace_back(row, column);
      }
    }
  }
  const std::size_t shown = std::min(kPairs, pairs.size());
  std::partial_sort(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(shown), pairs.end(), [&](auto a, auto b) {
    return std::tuple(-matrix.at(a.first, a.second), a) < std::tuple(-matrix.at(b.first, b.second), b);
  });
  if (shown == 0) {
    return "";
  }
  std::string html = "<figure><figcaption>Most confused</figcaption><table><thead><tr><th>class</th><th>taken for</th>"
                     "<th>samples</th><th>of the class</th></tr></thead><tbody>";
  for (std::size_t i = 0; i < shown; ++i) {
    const auto [row, column] = pairs[i];
    const Size count = matrix.at(row, column);
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{:.1f}%</td></tr>", row, column, count,
                        100 * part(count, scale.rows[static_cast<std::size_t>(row)]));
  }
  return html + "</tbody></table></figure>\n";
}

}  // namespace pcxx::report
