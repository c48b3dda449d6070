/// The pass `layout`: packed matrices and bf16 inputs, made once and kept while their source keeps its value.
#include <fmt/format.h>

#include <map>
#include <vector>

#include "program/passes/analysis.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

/// A rearranged copy of a variable: what of, and by what kernel, told apart by its numbers.
struct Wanted {
  SymbolId source;
  std::vector<Size> form;

  friend auto operator<=>(const Wanted&, const Wanted&) = default;
};

struct Wish {
  Wanted what;
  std::size_t place;  // of the call's input
  Kernel maker;
};

Wish half(SymbolId source, std::size_t place) { return {{source, {}}, place, ConvertKernel{}}; }

Wish packed(SymbolId source, std::size_t place, const PackKernel& kernel) {
  return {{source, {kernel.n, kernel.k, kernel.transposed ? 1 : 0}}, place, kernel};
}

Wish packed(SymbolId source, std::size_t place, const PackWeightKernel& kernel) {
  Wish wish{{source, {static_cast<Size>(kernel.reader.op)}}, place, kernel};
  for (const auto& numbers : {attributes_of(kernel.reader.convolution).integers, kernel.reader.picture.extents(), kernel.reader.result.extents()}) {
    wish.what.form.insert(wish.what.form.end(), numbers.begin(), numbers.end());
  }
  return wish;
}

using Available = std::map<Wanted, SymbolId>;

class Layout {
 public:
  Layout(Program& program, Precision precision)
      : program_(program), graph_(*program.graph), bf16_(precision == Precision::bf16) {}

  void region(Region& body, Available available) {
    Region result;
    for (Statement& statement : body) {
      if (auto* call = std::get_if<Call>(&statement.content)) {
        prepare(*call, available, result);
      } else {
        before_loop(statement, available, result);
        std::visit(
            [&](auto& content) {
              using Content = std::decay_t<decltype(content)>;
              if constexpr (std::is_same_v<Content, Repeat> || std::is_same_v<Content, While>) {
                region(content.body, kept(available, statement));
              } else if constexpr (std::is_same_v<Content, Branch>) {
                region(content.yes, available);
                region(content.no, available);
              }
            },
            statement.content);
      }
      available = kept(std::move(available), statement);
      result.push_back(std::move(statement));
    }
    body = std::move(result);
  }

  Size made() const { return made_; }

 private:
  /// Returns what is still good after a statement.
  static Available kept(Available available, const Statement& statement) {
    Symbols written;
    add_writes(statement, written);
    std::erase_if(available, [&](const auto& each) { return written.contains(each.first.source); });
    return available;
  }

  bool per_sample(SymbolId id) const { return graph_.symbol(id).span == Span::per_sample; }

  /// Returns what a product or convolution wants instead of its inputs.
  std::vector<Wish> wishes(const Call& call) const {
    std::vector<Wish> result;
    const ElementType type = bf16_ ? ElementType::bf16 : ElementType::f32;
    const auto add_halves = [&](std::initializer_list<std::size_t> places) {
      for (const std::size_t place : places) {
        if (bf16_) {
          result.push_back(half(call.inputs[place], place));
        }
      }
    };
    if (const auto* product = std::get_if<ProductKernel>(&call.kernel)) {
      if (product->sum_samples) {
        add_halves({0, 1});
      } else if (per_sample(call.inputs[0]) && !product->transpose_a && !per_sample(call.inputs[1]) && !product->packed_b) {
        result.push_back(packed(call.inputs[1], 1, PackKernel{product->n, product->k, product->transpose_b, type}));
        add_halves({0});
      }
    } else if (const auto* convolution = std::get_if<ConvolutionKernel>(&call.kernel)) {
      if (convolution->op == Op::convolve_weight) {
        add_halves({0, 1});
      } else {
        result.push_back(packed(call.inputs[1], 1, PackWeightKernel{*convolution, type}));
        add_halves({0});
      }
    }
    return result;
  }

  void prepare(Call& call, Available& available, Region& result) {
    const auto wanted = wishes(call);
    for (const Wish& wish : wanted) {
      call.inputs[wish.place] = provide(wish, available, result);
    }
    if (auto* product = std::get_if<ProductKernel>(&call.kernel); product != nullptr && !product->sum_samples && !wanted.empty()) {
      product->packed_b = true;
    }
  }

  SymbolId provide(const Wish& wish, Available& available, Region& result) {
    const auto [place, fresh] = available.try_emplace(wish.what, -1);
    if (fresh) {
      const Symbol source = graph_.symbol(wish.what.source);
      place->second = graph_.add_symbol({fmt::format("{}({})", prefix_of(wish.maker), source.name), SymbolKind::temporary, DType::real,
                                         source.span, source.shape});
      if (std::holds_alternative<ConvertKernel>(wish.maker)) {
        program_.halves.insert(place->second);
      }
      result.push_back({Call{wish.maker, {wish.what.source}, {place->second}}});
      ++made_;
    }
    return place->second;
  }

  static const char* prefix_of(const Kernel& maker) {
    const auto* pack = std::get_if<PackKernel>(&maker);
    const auto* weight = std::get_if<PackWeightKernel>(&maker);
    const bool transposed = pack != nullptr ? pack->transposed : weight != nullptr && weight->reader.op == Op::convolve_transposed;
    return pack == nullptr && weight == nullptr ? "bf16" : transposed ? "pack_t" : "pack";
  }

  /// What a loop wants of variables that it does not change is made before it.
  void before_loop(const Statement& statement, Available& available, Region& result) {
    Symbols written;
    add_writes(statement, written);
    Region single = {statement};
    for_each_statement(single, [&](const Statement& inner) {
      if (const auto* call = std::get_if<Call>(&inner.content)) {
        for (const Wish& wish : wishes(*call)) {
          if (!written.contains(wish.what.source)) {
            provide(wish, available, result);
          }
        }
      }
    });
  }

  Program& program_;
  Graph& graph_;
  bool bf16_;
  Size made_ = 0;
};

}  // namespace

Program layout(Program program, Precision precision) {
  Layout pass(program, precision);
  pass.region(program.body, {});
  program.notes.push_back(fmt::format("layout: {} packed or converted copies for products in {}", pass.made(),
                                      to_string(precision)));
  return program;
}

}  // namespace pcxx
