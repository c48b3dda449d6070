/// Transform: what a phase makes of a prediction or a value, one after another; EnergyWeight: what it multiplies energies by.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// What a transform may draw. A draw is made when the phase is entered and stays until it is entered again; it differs in
/// every run and every turn of the loops around. One per sample is each sample's own, a shared one is the same for all.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual Tensor normal(const Shape& shape, Span span = Span::per_sample) = 0;
  virtual Tensor uniform(const Shape& shape, Span span = Span::per_sample) = 0;
  virtual Tensor bernoulli(double probability, const Shape& shape, Span span = Span::per_sample) = 0;
};

/// A function of a node's prediction or value that keeps its shape. It may read any other node, parameter or variable.
class Transform {
 public:
  /// Leaves what it gets as it is.
  Transform() = default;
  /// From f(tensor) or f(tensor, random).
  template <class F>
    requires std::is_invocable_r_v<Tensor, const F&, const Tensor&> ||
             std::is_invocable_r_v<Tensor, const F&, const Tensor&, RandomSource&>
  Transform(F function) {  // implicit: a lambda reads well where a transform is expected
    if constexpr (std::is_invocable_r_v<Tensor, const F&, const Tensor&>) {
      apply_ = [f = std::move(function)](const Tensor& x, RandomSource&) -> Tensor { return f(x); };
    } else {
      apply_ = std::move(function);
    }
  }

  explicit operator bool() const noexcept { return static_cast<bool>(apply_); }
  Tensor operator()(const Tensor& x, RandomSource& random) const { return apply_ ? apply_(x, random) : x; }
  /// Returns this transform followed by another.
  Transform then(Transform next) const;

 private:
  std::function<Tensor(const Tensor&, RandomSource&)> apply_;
};

/// Forget their argument, e.g. to start there instead of at the prediction.
Transform to_zero();
Transform to_constant(double value);
/// N(mean, deviation^2), each element and sample its own.
Transform to_noise(double deviation = 1, double mean = 0);
/// Adds N(0, deviation^2) to its argument.
Transform add_noise(double deviation);

/// A factor of an energy: a number, or an expression of the step. The step counts from 0 inside a loop and is the number of
/// its turns behind it; before the first loop in a phase it is 0.
class EnergyWeight {
 public:
  EnergyWeight(double weight) : number_(weight) {}  // implicit: weight(nodes, 0.1) must read well
  template <class F>
    requires std::is_invocable_r_v<Tensor, const F&, const Tensor&>
  EnergyWeight(F of_step) : of_step_(std::move(of_step)) {}

  /// Returns whether it may differ from step to step.
  bool varies() const noexcept { return static_cast<bool>(of_step_); }
  /// Returns whether it is this number.
  bool is(double number) const noexcept { return !varies() && number_ == number; }
  Tensor operator()(const Tensor& step) const { return of_step_ ? of_step_(step) : Tensor(number_); }

 private:
  double number_ = 1;
  std::function<Tensor(const Tensor&)> of_step_;
};

}  // namespace pcxx
