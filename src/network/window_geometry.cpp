/// Windows over pictures: checks of options, and sizes.
#include "network/window_geometry.h"

#include <algorithm>
#include <numeric>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {

Padding::Padding(std::initializer_list<Size> each) {
  for (const Size number : each) {
    pairs_.emplace_back(number, number);
  }
}

Padding same_padding() {
  Padding padding = 0;
  padding.pairs_.clear();
  padding.same_ = true;
  return padding;
}

Padding padding_of(std::vector<std::pair<Size, Size>> before_and_after) {
  Padding padding = 0;
  padding.pairs_ = std::move(before_and_after);
  return padding;
}

std::string listed(const std::vector<Size>& numbers) {
  std::string text;
  for (const Size number : numbers) {
    text += (text.empty() ? "" : ", ") + std::to_string(number);
  }
  return "(" + text + ")";
}

std::vector<Size> for_each_axis(const std::string& who, const char* what, const PerAxis& numbers, Size axes, Size least) {
  std::vector<Size> result = numbers.numbers();
  if (result.size() == 1) {
    result.resize(static_cast<std::size_t>(axes), result[0]);
  }
  if (static_cast<Size>(result.size()) != axes || std::any_of(result.begin(), result.end(), [&](Size n) { return n < least; })) {
    throw ArgumentError("[" + who + "] " + what + " " + listed(numbers.numbers()) + "; expected one number, or one for each of " +
                        std::to_string(axes) + " axes, of at least " + std::to_string(least));
  }
  return result;
}

void require_picture(const std::string& who, const Tensor& x, Size axes) {
  if (x.shape().rank() != axes + 1 || x.shape().elements() == 0) {
    const char* expected = axes == 1 ? "(channels, length)" : axes == 2 ? "(channels, height, width)" : "(channels, depth, height, width)";
    throw ShapeError("[" + who + "] the input is " + to_string(x.shape()) + "; expected " + expected + ", none of them 0");
  }
}

std::vector<std::pair<Size, Size>> padding_pairs(const std::string& who, const Padding& padding, Size axes) {
  auto pairs = padding.pairs();
  if (pairs.size() == 1) {
    pairs.resize(static_cast<std::size_t>(axes), pairs[0]);
  }
  std::vector<Size> numbers;
  for (const auto& [before, after] : padding.pairs()) {
    numbers.insert(numbers.end(), {before, after});
  }
  if (static_cast<Size>(pairs.size()) != axes || std::any_of(numbers.begin(), numbers.end(), [](Size n) { return n < 0; })) {
    throw ArgumentError("[" + who + "] padding " + listed(numbers) + " before and after each axis; expected one pair, or one for each of " +
                        std::to_string(axes) + " axes, of at least 0");
  }
  return pairs;
}

std::vector<Size> WindowGeometry::results(bool ceil_mode) const {
  std::vector<Size> counts;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    const Size room = padded(axis) - reach(axis), stride = windows.strides[axis];
    if (room < 0) {
      std::vector<Size> all;
      for (std::size_t other = 0; other < sizes.size(); ++other) {
        all.push_back(padded(other));
      }
      throw ShapeError("[" + who + "] kernel " + listed(windows.extents) + " with dilation " + listed(windows.dilations) +
                       " exceeds the padded input " + listed(all) + " (the input is " + listed(sizes) +
                       "); expected a smaller kernel or more padding");
    }
    Size count = room / stride + 1;
    const bool rest = room % stride != 0, begins_inside = count * stride < sizes[axis] + windows.before[axis];
    count += ceil_mode && rest && begins_inside ? 1 : 0;
    counts.push_back(count);
  }
  return counts;
}

WindowGeometry window_geometry(const std::string& who, const Tensor& x, Size axes, const PerAxis& kernel, const PerAxis& stride,
                               const Padding& padding, const PerAxis& dilation) {
  require_picture(who, x, axes);
  WindowGeometry made{who, {}, {x.shape().begin() + 1, x.shape().end()}, {}};
  made.windows.extents = for_each_axis(who, "kernel", kernel, axes, 1);
  made.windows.strides = for_each_axis(who, "stride", stride, axes, 1);
  made.windows.dilations = for_each_axis(who, "dilation", dilation, axes, 1);
  const auto pairs = padding.same() ? std::vector<std::pair<Size, Size>>() : padding_pairs(who, padding, axes);
  for (std::size_t axis = 0; axis < made.sizes.size(); ++axis) {
    if (!padding.same()) {
      made.windows.before.push_back(pairs[axis].first);
      made.after.push_back(pairs[axis].second);
      continue;
    }
    const Size places = (made.sizes[axis] + made.windows.strides[axis] - 1) / made.windows.strides[axis];
    const Size missing = std::max<Size>(0, (places - 1) * made.windows.strides[axis] + made.reach(axis) - made.sizes[axis]);
    made.windows.before.push_back(missing / 2);
    made.after.push_back(missing - missing / 2);
  }
  return made;
}

Tensor with_channels_last(const Tensor& x) {
  std::vector<Size> axes(static_cast<std::size_t>(x.shape().rank()));
  std::iota(axes.begin(), axes.end(), Size{1});
  axes.back() = 0;
  return transpose(x, axes);
}

Tensor with_channels_first(const Tensor& x) {
  std::vector<Size> axes(static_cast<std::size_t>(x.shape().rank()));
  std::iota(axes.begin() + 1, axes.end(), Size{0});
  axes[0] = x.shape().rank() - 1;
  return transpose(x, axes);
}

Shape picture_of(std::vector<Size> sizes, Size channels) {
  sizes.push_back(channels);
  return Shape(std::move(sizes));
}

}  // namespace pcxx
