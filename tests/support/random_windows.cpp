/// Random geometry: extents first, then the sizes that fit, now and then one more place before or after.
#include "support/random_windows.h"

#include <algorithm>

namespace pcxx::test {

RandomConvolution random_convolution(RandomStream& random, Size axes) {
  RandomConvolution made;
  Windows& windows = made.convolution.windows;
  made.convolution.groups = 1 + random.below(3);
  const Size in = 1 + random.below(2), out = 1 + random.below(2);  // channels of a group
  std::vector<Size> picture, weight = {made.convolution.groups * out}, result;
  for (Size axis = 0; axis < axes; ++axis) {
    const Size extent = 1 + random.below(3), stride = 1 + random.below(2), dilation = 1 + random.below(2);
    const Size places = 1 + random.below(3), before = random.below(3);
    windows.extents.push_back(extent);
    windows.strides.push_back(stride);
    windows.before.push_back(before);
    windows.dilations.push_back(dilation);
    const Size read = (places - 1) * stride + (extent - 1) * dilation + 1;
    picture.push_back(std::max<Size>(1, read - before + random.below(3) - 1));
    weight.push_back(extent);
    result.push_back(places);
  }
  picture.push_back(made.convolution.groups * in);
  weight.push_back(in);
  result.push_back(made.convolution.groups * out);
  made.picture = Shape(picture);
  made.weight = Shape(weight);
  made.result = Shape(result);
  return made;
}

}  // namespace pcxx::test
