/// The reference backend: interprets a program as written, in f32 or f64, with plain loops. It is the specification.
#include "backend/backend.h"

#include <algorithm>

#include "backend/reference/cost.h"
#include "backend/reference/interpret.h"
#include "pcxx/core/errors.h"

namespace pcxx {
namespace reference {
namespace {

template <class T>
constexpr ElementType kElement = std::is_same_v<T, float> ? ElementType::f32 : ElementType::f64;

bool lives_in_state(const Symbol& symbol) {
  return symbol.kind == SymbolKind::parameter || symbol.kind == SymbolKind::state;
}

template <class T, class From>
Value<T> converted(const Symbol& symbol, Size samples, const void* data) {
  Value<T> value(symbol.span, symbol.shape, samples);
  const auto* from = static_cast<const From*>(data);
  std::transform(from, from + value.numbers.size(), value.numbers.begin(), [](From x) { return static_cast<T>(x); });
  return value;
}

template <class T>
Value<T> read_input(const Symbol& symbol, Size samples, const InputView& input) {
  switch (input.type) {
    case ElementType::f32: return converted<T, float>(symbol, samples, input.data);
    case ElementType::f64: return converted<T, double>(symbol, samples, input.data);
    case ElementType::i32: return converted<T, std::int32_t>(symbol, samples, input.data);
    default:
      throw ArgumentError("[reference] input '" + symbol.name + "' is " + std::string(to_string(input.type)) +
                          "; expected f32, f64 or i32");
  }
}

template <class T>
class Interpretation final : public Executable {
 public:
  Interpretation(const Program& program, bool bf16_products)
      : program_(independent_copy(program)), symbols_(symbols_of(program_)), bf16_products_(bf16_products) {
    check_statements(*program_.graph, program_.body);
  }

  /// Nothing is changed, neither here nor in `state`, if it throws.
  void run(Size samples, std::span<const InputView> inputs, State& state, std::uint64_t seed) override {
    if (samples < 0) {
      throw ArgumentError("[reference] a batch of " + std::to_string(samples) + " samples");
    }
    Variables<T> variables = node_values(samples);
    read_inputs(samples, inputs, variables);
    read_state(state, variables);
    interpret(*program_.graph, program_.body, variables, {samples, seed, bf16_products_});
    write_state(variables, state);
    variables_ = std::move(variables);
    samples_ = samples;
  }

  Array value(SymbolId id) const override {
    const auto found = variables_.find(id);
    if (found == variables_.end()) {
      throw ArgumentError("[reference] '" + symbol(id).name + "' has no value; the last run did not set it");
    }
    std::vector<Size> extents = found->second.shape.extents();
    if (found->second.span == Span::per_sample) {
      extents.insert(extents.begin(), samples_);
    }
    return Array::from(Shape(extents), std::span<const T>(found->second.numbers));
  }

  Profile profile(Size, std::span<const InputView>, State&, std::uint64_t) override { no_plan("profile"); }
  Plan plan(Size) const override { no_plan("plan"); }
  std::string explain() const override { return listing(program_); }
  double flops(Size samples) const override { return flops_of(*program_.graph, program_.body, samples); }
  Size bytes(Size samples) const override {
    return elements_held(program_, samples) * static_cast<Size>(sizeof(T));
  }

 private:
  const Symbol& symbol(SymbolId id) const { return program_.graph->symbol(id); }

  [[noreturn]] static void no_plan(const char* what) {
    throw DeviceError(std::string("[reference] has no ") + what +
                      ": it runs the program as it was written, without passes; use the device 'cpu'");
  }

  /// Returns what lives on from the last run: nodes' values, as long as the batch has the same size.
  Variables<T> node_values(Size samples) const {
    Variables<T> values;
    for (const auto& [id, value] : variables_) {
      if (symbol(id).kind == SymbolKind::node_value && (value.span == Span::shared || samples == samples_)) {
        values.emplace(id, value);
      }
    }
    return values;
  }

  void read_inputs(Size samples, std::span<const InputView> inputs, Variables<T>& variables) const {
    for (const SymbolId id : symbols_) {
      if (symbol(id).kind != SymbolKind::input) {
        continue;
      }
      const auto given = std::find_if(inputs.begin(), inputs.end(), [&](const InputView& each) { return each.symbol == id; });
      if (given == inputs.end()) {
        throw ArgumentError("[reference] no data for input '" + symbol(id).name + "'");
      }
      variables[id] = read_input<T>(symbol(id), samples, *given);
    }
  }

  void read_state(const State& state, Variables<T>& variables) const {
    for (const SymbolId id : symbols_) {
      if (!lives_in_state(symbol(id))) {
        continue;
      }
      if (!state.contains(id)) {
        throw ArgumentError("[reference] the state lacks '" + symbol(id).name + "', which the program names");
      }
      const Array& array = state.at(id);
      if (array.type() != kElement<T> || array.shape() != symbol(id).shape) {
        throw ShapeError("[reference] the state holds '" + symbol(id).name + "' as " +
                         std::string(to_string(array.type())) + " " + to_string(array.shape()) + "; expected " +
                         std::string(to_string(kElement<T>)) + " " + to_string(symbol(id).shape));
      }
      Value<T> value(Span::shared, array.shape(), 0);
      std::copy(array.as<T>().begin(), array.as<T>().end(), value.numbers.begin());
      variables[id] = std::move(value);
    }
  }

  void write_state(const Variables<T>& variables, State& state) const {
    for (const auto& [id, value] : variables) {
      if (lives_in_state(symbol(id))) {
        std::copy(value.numbers.begin(), value.numbers.end(), state.at(id).template as<T>().begin());
      }
    }
  }

  Program program_;
  std::vector<SymbolId> symbols_;
  bool bf16_products_;
  Variables<T> variables_;
  Size samples_ = 0;
};

class Reference final : public Backend {
 public:
  std::string name() const override { return "reference"; }

  /// Options that change no bit of a result are ignored, threads among them.
  std::unique_ptr<Executable> compile(const Program& program, const CompileOptions& options) const override {
    if (options.precision == Precision::f64) {
      return std::make_unique<Interpretation<double>>(program, false);
    }
    return std::make_unique<Interpretation<float>>(program, options.precision == Precision::bf16);
  }
};

}  // namespace
}  // namespace reference

std::shared_ptr<const Backend> reference_backend() {
  static const auto instance = std::make_shared<const reference::Reference>();
  return instance;
}

}  // namespace pcxx
