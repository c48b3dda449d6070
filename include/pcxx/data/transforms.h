/// Transforms of samples: what a Loader does, in order, to each sample that it gathers.
///
///   set.train.transforms = {random_crop(32, 32, {.padding = 4}), random_flip(), normalise({{0.5}, {0.2}})};
///
/// What is random depends on the loader's seed, the epoch and the sample alone: not on threads, nor on the other samples.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pcxx/core/random.h"
#include "pcxx/core/shape.h"

namespace pcxx {

/// One of one's own is a value like those below: a name for messages, and two functions.
struct SampleTransform {
  std::string name;
  /// Returns the shape of a sample afterwards; throws ShapeError if the transform is not for such samples.
  std::function<Shape(const Shape& from)> shape;
  /// Writes the sample afterwards, all of it. Several threads may call it at once, each with random numbers of its own.
  std::function<void(std::span<const float> from, const Shape& shape, std::span<float> to, RandomStream& random)> apply;
};

/// Mean and standard deviation of each channel, or one number for all.
struct ChannelStatistics {
  std::vector<float> mean;
  std::vector<float> deviation;
};

/// Returns (x - mean) * (1 / deviation), rounded to f32 at each operation; channels are the first axis of a sample.
/// Throws ArgumentError for a deviation that is not above 0.
SampleTransform normalise(const ChannelStatistics& statistics);

/// Mirrors a picture (channels, height, width) left to right with a probability. Throws ArgumentError unless it is one.
SampleTransform random_flip(double probability = 0.5);

struct PadOptions {
  Size top = 0;
  Size bottom = 0;
  Size left = 0;
  Size right = 0;
  float value = 0;
};
/// Puts pixels of one value around a picture.
SampleTransform pad_picture(const PadOptions& options);
/// The same number of zero pixels on every side: pad_picture(2) makes 32 x 32 of 28 x 28.
SampleTransform pad_picture(Size every_side);

struct CropOptions {
  Size padding = 0;  // pixels put around the picture before it is cut
  float value = 0;   // of those pixels
};
/// Cuts height x width pixels out of a picture, at a place drawn evenly among all.
SampleTransform random_crop(Size height, Size width, const CropOptions& options = {});
/// Cuts them out of the middle; of two middles, the one nearer to the top left.
SampleTransform centre_crop(Size height, Size width);

/// Returns all numbers of a sample along one axis, as dense layers want them.
SampleTransform flatten();

/// Returns whole numbers 0 .. depth - 1, of any shape, as 1 at that place along a new last axis and 0 elsewhere. A number
/// that is no such place throws ArgumentError when the sample is gathered.
SampleTransform one_hot_samples(Size depth);

/// Returns the shape after all transforms, in order. Throws what the first that does not fit throws.
Shape transformed(Shape shape, std::span<const SampleTransform> transforms);

}  // namespace pcxx
