/// Every exception that pcxx throws: typed, derived from the standard ones.
///
/// A message reads "[who] what is wrong, with names and values; what was expected; what to do".
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace pcxx {

/// A bad argument: a value, an option or an order of calls that makes no sense.
class ArgumentError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Shapes, spans or dtypes that do not fit each other.
class ShapeError : public ArgumentError {
  using ArgumentError::ArgumentError;
};

/// A name that is unknown, ambiguous or taken.
class NameError : public ArgumentError {
  using ArgumentError::ArgumentError;
};

/// A recipe that cannot be read: unknown key, wrong type, bad value.
class RecipeError : public ArgumentError {
  using ArgumentError::ArgumentError;
};

/// A file that is missing, unreadable, unwritable, truncated or not what it claims to be.
class FileError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A device or a driver that is absent or lacks what the plan needs.
class DeviceError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Energy that became NaN or infinite.
class DivergenceError : public std::runtime_error {
 public:
  DivergenceError(const std::string& message, std::string node, std::int64_t step)
      : std::runtime_error(message), node_(std::move(node)), step_(step) {}

  /// Returns the name of the node (or energy term) whose energy is not finite.
  const std::string& node() const noexcept { return node_; }
  /// Returns the training step, counted from 0, at which it was seen.
  std::int64_t step() const noexcept { return step_; }

 private:
  std::string node_;
  std::int64_t step_;
};

}  // namespace pcxx
