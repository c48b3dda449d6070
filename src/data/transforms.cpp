/// Transforms of samples: of numbers, of pictures, of shapes.
#include "pcxx/data/transforms.h"

#include <algorithm>
#include <cmath>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

using Numbers = std::span<const float>;

/// Extents of a picture, (channels, height, width).
struct Extents {
  std::size_t channels;
  std::size_t height;
  std::size_t width;
};

Extents extents_of(const Shape& shape) {
  return {static_cast<std::size_t>(shape[0]), static_cast<std::size_t>(shape[1]),
          static_cast<std::size_t>(shape[2])};
}

void require_picture(const char* who, const Shape& shape) {
  if (shape.rank() != 3) {
    throw ShapeError("[" + std::string(who) + "] samples are " + to_string(shape) +
                     "; expected (channels, height, width): read the pictures without flattening them");
  }
}

void require_size(const char* who, Size height, Size width) {
  if (height < 1 || width < 1) {
    throw ArgumentError("[" + std::string(who) + "] cuts out " + std::to_string(height) + " x " +
                        std::to_string(width) + " pixels; expected at least 1 x 1");
  }
}

/// Copies the window of `to` whose top left pixel is at (top, left) of `from`; what lies outside becomes `value`.
void copy_window(Numbers from, const Extents& old, std::span<float> to, const Extents& now, Size top,
                 Size left, float value) {
  const Size old_width = static_cast<Size>(old.width), width = static_cast<Size>(now.width);
  const Size first = std::clamp<Size>(-left, 0, width);
  const Size last = std::clamp<Size>(old_width - left, first, width);
  for (std::size_t channel = 0; channel < now.channels; ++channel) {
    for (std::size_t row = 0; row < now.height; ++row) {
      const Size source = static_cast<Size>(row) + top;
      float* line = to.data() + (channel * now.height + row) * now.width;
      if (source < 0 || source >= static_cast<Size>(old.height)) {
        std::fill_n(line, now.width, value);
        continue;
      }
      const float* old_line =
          from.data() + (channel * old.height + static_cast<std::size_t>(source)) * old.width;
      std::fill(line, line + first, value);
      std::copy(old_line + left + first, old_line + left + last, line + first);
      std::fill(line + last, line + width, value);
    }
  }
}

/// Returns a transform that cuts a window of a fixed size; place(spare, random) is where, on either axis, `spare` being
/// the last place that there is.
template <class Place>
SampleTransform crop(const char* who, Size height, Size width, const CropOptions& options, Place place) {
  require_size(who, height, width);
  if (options.padding < 0) {
    throw ArgumentError("[" + std::string(who) + "] padding is " + std::to_string(options.padding) +
                        "; expected 0 or more");
  }
  const auto shape = [=](const Shape& from) {
    require_picture(who, from);
    if (from[1] + 2 * options.padding < height || from[2] + 2 * options.padding < width) {
      throw ShapeError("[" + std::string(who) + "] cannot cut " + std::to_string(height) + " x " +
                       std::to_string(width) + " pixels out of a sample of " + to_string(from) +
                       " with a padding of " + std::to_string(options.padding));
    }
    return Shape{from[0], height, width};
  };
  const auto apply = [=](Numbers from, const Shape& old, std::span<float> to, RandomStream& random) {
    const Size top = place(old[1] + 2 * options.padding - height, random) - options.padding;
    const Size left = place(old[2] + 2 * options.padding - width, random) - options.padding;
    copy_window(from, extents_of(old), to, extents_of({old[0], height, width}), top, left, options.value);
  };
  return {who, shape, apply};
}

}  // namespace

SampleTransform normalise(const ChannelStatistics& statistics) {
  const auto [mean, deviation] = statistics;
  if (mean.empty() || mean.size() != deviation.size()) {
    throw ArgumentError("[normalise] " + std::to_string(mean.size()) + " means and " +
                        std::to_string(deviation.size()) + " deviations; expected one of both for each channel");
  }
  for (std::size_t i = 0; i < mean.size(); ++i) {
    if (!std::isfinite(mean[i]) || !(deviation[i] > 0) || !std::isfinite(1 / deviation[i])) {
      throw ArgumentError("[normalise] channel " + std::to_string(i) + " has mean " +
                          std::to_string(mean[i]) + " and deviation " + std::to_string(deviation[i]) +
                          "; the deviation must be above 0, both finite");
    }
  }
  const auto shape = [count = static_cast<Size>(mean.size())](const Shape& from) {
    if (count != 1 && (from.rank() == 0 || from[0] != count)) {
      throw ShapeError("[normalise] samples are " + to_string(from) + ", but there are means of " +
                       std::to_string(count) + " channels; expected (" + std::to_string(count) +
                       ", ...), or one mean for all");
    }
    return from;
  };
  const auto apply = [mean = mean, deviation = deviation](Numbers from, const Shape&, std::span<float> to,
                                                          RandomStream&) {
    const std::size_t channel = from.size() / mean.size();
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const float inverse = 1 / deviation[i];
      std::transform(from.begin() + static_cast<std::ptrdiff_t>(i * channel),
                     from.begin() + static_cast<std::ptrdiff_t>((i + 1) * channel),
                     to.begin() + static_cast<std::ptrdiff_t>(i * channel),
                     [&, mean_of = mean[i]](float x) { return (x - mean_of) * inverse; });
    }
  };
  return {"normalise", shape, apply};
}

SampleTransform random_flip(double probability) {
  if (!(probability >= 0 && probability <= 1)) {
    throw ArgumentError("[random_flip] probability is " + std::to_string(probability) + "; expected 0 to 1");
  }
  const auto shape = [](const Shape& from) {
    require_picture("random_flip", from);
    return from;
  };
  const auto apply = [=](Numbers from, const Shape& shape_of, std::span<float> to, RandomStream& random) {
    if (random.uniform() >= probability) {
      std::copy(from.begin(), from.end(), to.begin());
      return;
    }
    const auto width = static_cast<std::ptrdiff_t>(shape_of[2]);
    for (auto row = from.begin(); row != from.end(); row += width) {
      std::reverse_copy(row, row + width, to.begin() + (row - from.begin()));
    }
  };
  return {"random_flip", shape, apply};
}

SampleTransform pad_picture(const PadOptions& options) {
  if (std::min({options.top, options.bottom, options.left, options.right}) < 0) {
    throw ArgumentError("[pad_picture] a side has a negative number of pixels; to make pictures smaller, crop them");
  }
  const auto shape = [=](const Shape& from) {
    require_picture("pad_picture", from);
    return Shape{from[0], from[1] + options.top + options.bottom, from[2] + options.left + options.right};
  };
  const auto apply = [=](Numbers from, const Shape& old, std::span<float> to, RandomStream&) {
    copy_window(from, extents_of(old), to, extents_of(shape(old)), -options.top, -options.left, options.value);
  };
  return {"pad_picture", shape, apply};
}

SampleTransform pad_picture(Size every_side) {
  return pad_picture({.top = every_side, .bottom = every_side, .left = every_side, .right = every_side});
}

SampleTransform random_crop(Size height, Size width, const CropOptions& options) {
  return crop("random_crop", height, width, options,
              [](Size spare, RandomStream& random) { return random.below(spare + 1); });
}

SampleTransform centre_crop(Size height, Size width) {
  return crop("centre_crop", height, width, {}, [](Size spare, RandomStream&) { return spare / 2; });
}

SampleTransform flatten() {
  return {"flatten", [](const Shape& from) { return Shape{from.elements()}; },
          [](Numbers from, const Shape&, std::span<float> to, RandomStream&) {
            std::copy(from.begin(), from.end(), to.begin());
          }};
}

SampleTransform one_hot_samples(Size depth) {
  if (depth < 1) {
    throw ArgumentError("[one_hot_samples] depth is " + std::to_string(depth) + "; expected at least 1");
  }
  const auto shape = [=](const Shape& from) {
    std::vector<Size> extents = from.extents();
    extents.push_back(depth);
    return Shape(extents);
  };
  const auto apply = [=](Numbers from, const Shape&, std::span<float> to, RandomStream&) {
    std::fill(to.begin(), to.end(), 0.0F);
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (!(from[i] >= 0 && from[i] < static_cast<float>(depth)) || from[i] != std::floor(from[i])) {
        throw ArgumentError("[one_hot_samples] " + std::to_string(from[i]) + " at place " + std::to_string(i) +
                            " of a sample is none of the whole numbers 0 to " + std::to_string(depth - 1));
      }
      to[i * static_cast<std::size_t>(depth) + static_cast<std::size_t>(from[i])] = 1;
    }
  };
  return {"one_hot_samples", shape, apply};
}

Shape transformed(Shape shape, std::span<const SampleTransform> transforms) {
  for (const SampleTransform& transform : transforms) {
    shape = transform.shape(shape);
  }
  return shape;
}

}  // namespace pcxx
