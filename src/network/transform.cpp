/// Transforms that come with the library, and chains of them.
#include "pcxx/network/transform.h"

#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {

Transform Transform::then(Transform next) const {
  if (!apply_ || !next) {
    return apply_ ? *this : next;
  }
  return [first = apply_, second = std::move(next)](const Tensor& x, RandomSource& random) {
    return second(first(x, random), random);
  };
}

Transform to_zero() { return to_constant(0); }

Transform to_constant(double value) {
  return [value](const Tensor& x) { return constant_like(x, value, x.shape()); };
}

Transform to_noise(double deviation, double mean) {
  return [=](const Tensor& x, RandomSource& random) { return deviation * random.normal(x.shape()) + mean; };
}

Transform add_noise(double deviation) {
  return [=](const Tensor& x, RandomSource& random) { return x + deviation * random.normal(x.shape()); };
}

}  // namespace pcxx
