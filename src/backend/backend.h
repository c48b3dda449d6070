/// The seam between programs and machines: compile a program, run it on a batch, look at the results.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "pcxx/backend/state.h"
#include "pcxx/core/array.h"
#include "pcxx/program/profile.h"
#include "program/program.h"

namespace pcxx {

/// Data for one input: dense rows of the symbol's shape, one a sample.
struct InputView {
  SymbolId symbol;
  ElementType type;  // f32 or f64 for reals; i32 for indices
  const void* data;
};

struct CompileOptions {
  Precision precision = Precision::f32;
  int threads = 0;          // 0: all cores
  bool known_zeros = true;  // passes that change no bit of a result, and can be switched off to see that
  bool hoist = true;
};

/// A compiled program. One thread at a time may run it.
class Executable {
 public:
  virtual ~Executable() = default;

  /// Runs the program on a batch of any size. Reads and writes the parameters and states in `state`, which must hold
  /// every symbol of those kinds that the program names, as f32 (f64 for precision f64).
  virtual void run(Size samples, std::span<const InputView> inputs, State& state, std::uint64_t seed) = 0;

  /// Runs likewise, to the same bits, and returns what ran when. Throws DeviceError if the backend has no plan.
  virtual Profile profile(Size samples, std::span<const InputView> inputs, State& state, std::uint64_t seed) = 0;

  /// Returns a node's value or an output as the last run left it: (samples, ...) if per sample. f32 or f64.
  virtual Array value(SymbolId id) const = 0;

  /// Returns the plan for so many samples. Throws DeviceError if the backend has none.
  virtual Plan plan(Size samples) const = 0;

  /// Returns the plan as text.
  virtual std::string explain() const = 0;

  /// Returns the floating-point operations (a multiply-add counts two) of one run on so many samples.
  virtual double flops(Size samples) const = 0;

  /// Returns the bytes that the executable holds for so many samples, states excluded.
  virtual Size bytes(Size samples) const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  /// Throws DeviceError if the backend cannot run the program at this precision.
  virtual std::unique_ptr<Executable> compile(const Program& program, const CompileOptions& options) const = 0;
};

/// Returns the backend called "cpu" or "reference"; throws NameError with the known names, DeviceError if it is absent.
std::shared_ptr<const Backend> backend(const std::string& name);

// Each backend's entry; backend.cpp lists them.
std::shared_ptr<const Backend> reference_backend();
std::shared_ptr<const Backend> cpu_backend();

}  // namespace pcxx
