/// Workbench: data for a graph's variables, programs over it, runs.
#include "support/workbench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pcxx/core/errors.h"

namespace pcxx::test {
namespace {

std::size_t count_of(const Symbol& symbol, Size samples) {
  return static_cast<std::size_t>(symbol.shape.elements() * (symbol.span == Span::per_sample ? samples : 1));
}

double draw(RandomStream& random, Range range) {
  for (;;) {
    const double x = static_cast<float>(random.uniform(range.low, range.high));
    if (range.gap == 0 || std::abs(x - std::round(x)) > range.gap) {
      return x;
    }
  }
}

/// Returns the statement that sets one new output for each tensor.
Region outputs_for(Graph& graph, const std::vector<Tensor>& tensors, std::vector<SymbolId>& outputs) {
  Assign assign;
  for (const Tensor& tensor : tensors) {
    Symbol symbol{fmt::format("result{}", outputs.size()), SymbolKind::output, tensor.dtype(), tensor.span(),
                  tensor.shape()};
    outputs.push_back(graph.add_symbol(std::move(symbol)));
    assign.assignments.push_back({outputs.back(), tensor.id()});
  }
  return {{std::move(assign)}};
}

}  // namespace

Workbench::Workbench(Size samples, std::uint64_t seed) : samples_(samples), random_(seed) {}

Tensor Workbench::add(Symbol symbol, Numbers numbers) {
  const SymbolId id = graph_->add_symbol(std::move(symbol));
  data_[id] = std::move(numbers);
  return read(id);
}

Tensor Workbench::variable(const Shape& shape, Span span, Range range) {
  Symbol symbol{fmt::format("v{}", graph_->symbols()),
                span == Span::per_sample ? SymbolKind::input : SymbolKind::parameter, DType::real, span, shape};
  Numbers numbers(count_of(symbol, samples_));
  std::generate(numbers.begin(), numbers.end(), [&] { return draw(random_, range); });
  return add(std::move(symbol), std::move(numbers));
}

Tensor Workbench::index(const Shape& shape, Span span, Size rows) {
  Symbol symbol{fmt::format("i{}", graph_->symbols()), SymbolKind::input, DType::index, span, shape};
  Numbers numbers(count_of(symbol, samples_));
  std::generate(numbers.begin(), numbers.end(), [&] { return static_cast<double>(random_.below(rows)); });
  return add(std::move(symbol), std::move(numbers));
}

SymbolId Workbench::symbol(const std::string& name, SymbolKind kind, const Shape& shape, Span span) {
  return graph_->add_symbol({name, kind, DType::real, span, shape});
}

Numbers& Workbench::data(const Tensor& variable) { return data_.at(symbol_of(*graph_, variable.id(), "workbench")); }

Workbench Workbench::with_samples(Size samples) const {
  Workbench fewer = *this;
  fewer.samples_ = samples;
  for (auto& [id, numbers] : fewer.data_) {
    numbers.resize(count_of(graph_->symbol(id), samples));
  }
  return fewer;
}

Program program_over(const Workbench& bench, Region body) {
  Program program;
  program.graph = std::make_shared<Graph>(*bench.graph());
  program.body = std::move(body);
  return program;
}

Session::Session(const Workbench& bench, Region body, const Backend& backend, Precision precision, CompileOptions options)
    : bench_(bench), program_(program_over(bench, std::move(body))), precision_(precision) {
  options.precision = precision;
  executable_ = backend.compile(program_, options);
  fill_state();
}

Session::Session(const Workbench& bench, const std::vector<Tensor>& tensors, const Backend& backend,
                 Precision precision, CompileOptions options)
    : bench_(bench), program_(program_over(bench)), precision_(precision) {
  program_.body = outputs_for(*program_.graph, tensors, outputs_);
  options.precision = precision;
  executable_ = backend.compile(program_, options);
  fill_state();
}

/// States without data begin as zeros.
void Session::fill_state() {
  const ElementType type = precision_ == Precision::f64 ? ElementType::f64 : ElementType::f32;
  for (SymbolId id = 0; id < static_cast<SymbolId>(program_.graph->symbols()); ++id) {
    const Symbol& symbol = program_.graph->symbol(id);
    if (symbol.kind == SymbolKind::parameter || symbol.kind == SymbolKind::state) {
      state_.set(id, symbol.name, Array(symbol.shape, type));
    }
  }
}

void Session::run(std::uint64_t seed) {
  std::vector<std::vector<std::int32_t>> indices;
  std::vector<std::vector<float>> singles;
  std::vector<InputView> inputs;
  for (const auto& [id, numbers] : bench_.all_data()) {
    const Symbol& symbol = bench_.graph()->symbol(id);
    if (symbol.kind == SymbolKind::parameter) {
      const Array array = Array::from(symbol.shape, numbers);
      state_.at(id) = array.to(state_.at(id).type());
    } else if (symbol.dtype == DType::index) {
      indices.emplace_back();
      std::transform(numbers.begin(), numbers.end(), std::back_inserter(indices.back()),
                     [](double x) { return static_cast<std::int32_t>(x); });
      inputs.push_back({id, ElementType::i32, indices.back().data()});
    } else if (precision_ == Precision::f64) {
      inputs.push_back({id, ElementType::f64, numbers.data()});
    } else {
      singles.emplace_back(numbers.begin(), numbers.end());
      inputs.push_back({id, ElementType::f32, singles.back().data()});
    }
  }
  executable_->run(bench_.samples(), inputs, state_, seed);
}

Numbers Session::value(SymbolId id) const {
  return numbers_of(state_.contains(id) ? state_.at(id) : executable_->value(id));
}

std::vector<Numbers> Session::results() const {
  std::vector<Numbers> results;
  std::transform(outputs_.begin(), outputs_.end(), std::back_inserter(results), [&](SymbolId id) { return value(id); });
  return results;
}

std::vector<Numbers> evaluate(const Workbench& bench, const std::vector<Tensor>& tensors, const Backend& backend,
                              Precision precision, std::uint64_t seed) {
  Session session(bench, tensors, backend, precision);
  session.run(seed);
  return session.results();
}

std::vector<Numbers> evaluate(const Workbench& bench, const std::vector<Tensor>& tensors) {
  return evaluate(bench, tensors, *reference_backend(), Precision::f64);
}

Numbers numbers_of(const Array& array) {
  const Array wide = array.to(ElementType::f64);
  return {wide.as<double>().begin(), wide.as<double>().end()};
}

}  // namespace pcxx::test
