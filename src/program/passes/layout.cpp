/// The pass `layout`: packed matrices and bf16 inputs, made once and kept while their source keeps its value.
#include <fmt/format.h>

#include <map>
#include <tuple>

#include "program/passes/analysis.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

/// A rearranged copy of a variable: for packed matrices by transposition, for conversions as it is.
struct Wanted {
  SymbolId source;
  bool packed;
  bool transposed;
  Size n, k;

  friend auto operator<=>(const Wanted&, const Wanted&) = default;
};

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

  /// Returns what a product wants instead of its inputs; the second number of each is the input's place.
  std::vector<std::pair<Wanted, std::size_t>> wishes(const Call& call) const {
    std::vector<std::pair<Wanted, std::size_t>> result;
    const auto* product = std::get_if<ProductKernel>(&call.kernel);
    if (product == nullptr) {
      return result;
    }
    if (product->sum_samples) {
      for (std::size_t i = 0; bf16_ && i < 2; ++i) {
        result.push_back({{call.inputs[i], false, false, 0, 0}, i});
      }
    } else if (per_sample(call.inputs[0]) && !product->transpose_a && !per_sample(call.inputs[1]) && !product->packed_b) {
      result.push_back({{call.inputs[1], true, product->transpose_b, product->n, product->k}, 1});
      if (bf16_) {
        result.push_back({{call.inputs[0], false, false, 0, 0}, 0});
      }
    }
    return result;
  }

  void prepare(Call& call, Available& available, Region& result) {
    const auto wanted = wishes(call);
    for (const auto& [wish, place] : wanted) {
      call.inputs[place] = provide(wish, available, result);
    }
    if (auto* product = std::get_if<ProductKernel>(&call.kernel); product != nullptr && !product->sum_samples && !wanted.empty()) {
      product->packed_b = true;
    }
  }

  SymbolId provide(const Wanted& wish, Available& available, Region& result) {
    const auto [place, fresh] = available.try_emplace(wish, -1);
    if (fresh) {
      const Symbol source = graph_.symbol(wish.source);
      const ElementType type = bf16_ ? ElementType::bf16 : ElementType::f32;
      place->second = graph_.add_symbol({fmt::format("{}({})", wish.packed ? wish.transposed ? "pack_t" : "pack" : "bf16", source.name),
                                         SymbolKind::temporary, DType::real, source.span, source.shape});
      Call call{ConvertKernel{}, {wish.source}, {place->second}};
      if (wish.packed) {
        call.kernel = PackKernel{wish.n, wish.k, wish.transposed, type};
      } else {
        program_.halves.insert(place->second);
      }
      result.push_back({std::move(call)});
      ++made_;
    }
    return place->second;
  }

  /// What a loop wants of variables that it does not change is made before it.
  void before_loop(const Statement& statement, Available& available, Region& result) {
    Symbols written;
    add_writes(statement, written);
    Region single = {statement};
    for_each_statement(single, [&](const Statement& inner) {
      if (const auto* call = std::get_if<Call>(&inner.content)) {
        for (const auto& [wish, place] : wishes(*call)) {
          if (!written.contains(wish.source)) {
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
