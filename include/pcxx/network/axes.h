/// Sizes of windows, given once for all axes or once for each.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

/// A number for each spatial axis: 3, or {3, 5}.
class PerAxis {
 public:
  PerAxis(Size all) : numbers_{all} {}
  PerAxis(std::initializer_list<Size> each) : numbers_(each) {}
  explicit PerAxis(std::vector<Size> each) : numbers_(std::move(each)) {}

  /// One number stands for all axes.
  const std::vector<Size>& numbers() const noexcept { return numbers_; }

 private:
  std::vector<Size> numbers_;
};

/// How many places stand before and after a picture: 1, or {1, 2} (an axis each, the same before and after), or what the
/// functions below return.
class Padding {
 public:
  Padding(Size all) : Padding({all}) {}
  Padding(std::initializer_list<Size> each);

  bool same() const noexcept { return same_; }
  /// Before and after; one pair stands for all axes. Empty for same_padding().
  const std::vector<std::pair<Size, Size>>& pairs() const noexcept { return pairs_; }

 private:
  friend Padding same_padding();
  friend Padding padding_of(std::vector<std::pair<Size, Size>> before_and_after);
  std::vector<std::pair<Size, Size>> pairs_;
  bool same_ = false;
};

/// As much as makes an axis of extent n come out as n / stride, rounded up; what is odd goes after.
Padding same_padding();
/// Before and after, for each axis.
Padding padding_of(std::vector<std::pair<Size, Size>> before_and_after);

}  // namespace pcxx
