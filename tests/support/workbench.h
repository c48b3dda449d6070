/// Workbench: a graph whose variables have data, and one call that computes expressions of it on a backend.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "pcxx/core/random.h"
#include "pcxx/tensor/operations.h"
#include "program/program.h"

namespace pcxx::test {

/// Numbers of one tensor for the whole batch: (samples, shape...) if per sample, (shape...) if shared.
using Numbers = std::vector<double>;

/// Where random data lies. Values within `gap` of an integer are avoided if it is not 0: activations have kinks there.
struct Range {
  double low = -2;
  double high = 2;
  double gap = 0.01;
};

class Workbench {
 public:
  explicit Workbench(Size samples, std::uint64_t seed = 1);

  Size samples() const { return samples_; }
  const std::shared_ptr<Graph>& graph() const { return graph_; }
  RandomStream& random() { return random_; }

  /// Returns a variable filled with random data that f32 holds exactly: an input if per sample, else a parameter.
  Tensor variable(const Shape& shape, Span span, Range range = {});
  /// Returns an input of indices in [0, rows).
  Tensor index(const Shape& shape, Span span, Size rows);
  /// Returns a symbol without data, for programs: a temporary, output, node value...
  SymbolId symbol(const std::string& name, SymbolKind kind, const Shape& shape, Span span = Span::per_sample);
  Tensor read(SymbolId id) { return {graph_, graph_->read(id)}; }

  /// Returns the data of a variable or index, to be changed at will.
  Numbers& data(const Tensor& variable);
  const std::map<SymbolId, Numbers>& all_data() const { return data_; }
  /// Returns a bench over the same graph with the first samples of the same data.
  Workbench with_samples(Size samples) const;

 private:
  Tensor add(Symbol symbol, Numbers numbers);

  Size samples_;
  std::shared_ptr<Graph> graph_ = std::make_shared<Graph>();
  RandomStream random_;
  std::map<SymbolId, Numbers> data_;
};

/// Returns a program over a copy of the workbench's graph.
Program program_over(const Workbench& bench, Region body = {});

/// A program compiled for a backend, that runs on the data of a workbench as they are at each run.
class Session {
 public:
  /// Compiles a program over the workbench's graph. The precision replaces that of the options.
  Session(const Workbench& bench, Region body, const Backend& backend, Precision precision, CompileOptions options = {});
  /// Compiles the program that computes the tensors.
  Session(const Workbench& bench, const std::vector<Tensor>& tensors, const Backend& backend, Precision precision,
          CompileOptions options = {});

  void run(std::uint64_t seed = 7);
  /// Returns the value of an output or node; of a parameter or state, what the state holds.
  Numbers value(SymbolId id) const;
  /// Returns the tensors of the second constructor.
  std::vector<Numbers> results() const;
  Executable& executable() { return *executable_; }
  State& state() { return state_; }

 private:
  void fill_state();

  const Workbench& bench_;
  Program program_;
  Precision precision_;
  std::vector<SymbolId> outputs_;
  std::unique_ptr<Executable> executable_;
  State state_;
};

/// Returns the values of the tensors, computed by one run.
std::vector<Numbers> evaluate(const Workbench& bench, const std::vector<Tensor>& tensors, const Backend& backend,
                              Precision precision, std::uint64_t seed = 7);
/// The same on the reference backend in f64.
std::vector<Numbers> evaluate(const Workbench& bench, const std::vector<Tensor>& tensors);

/// Returns the numbers of an array of f32 or f64.
Numbers numbers_of(const Array& array);

}  // namespace pcxx::test
