/// Programs side by side: copies of symbols and expressions, and statements of one form joined.
#include "program/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <unordered_map>


namespace pcxx {
namespace {

/// The variables of one program, and what its expressions become over them.
class Copy {
 public:
  Copy(Graph& graph, std::size_t number, std::uint64_t seed) : graph_(&graph), number_(number), seed_(seed) {}

  void alias(SymbolId own, SymbolId copy) { symbols_[own] = copy; }

  SymbolId symbol(SymbolId own) {
    const auto [place, fresh] = symbols_.try_emplace(own, own);
    if (fresh) {
      Symbol copy = graph_->symbol(own);
      copy.name = fmt::format("{}/{}", number_, copy.name);
      place->second = graph_->add_symbol(std::move(copy));
    }
    return place->second;
  }

  ExpressionId expression(ExpressionId id) {
    if (const auto found = expressions_.find(id); found != expressions_.end()) {
      return found->second;
    }
    Expression copy = (*graph_)[id];
    if (copy.op == Op::symbol) {
      copy.attributes.integers[0] = symbol(static_cast<SymbolId>(copy.attributes.integers[0]));
    }
    for (ExpressionId& operand : copy.operands) {
      operand = expression(operand);
    }
    if (copy.op == Op::random_uniform || copy.op == Op::random_normal || copy.op == Op::random_bernoulli) {
      copy.attributes.integers.push_back(std::bit_cast<Size>(seed_));
    }
    const ExpressionId result = graph_->intern(std::move(copy));
    expressions_.emplace(id, result);
    return result;
  }

  const std::map<SymbolId, SymbolId>& symbols() const { return symbols_; }

 private:
  Graph* graph_;
  std::size_t number_;
  std::uint64_t seed_;
  std::map<SymbolId, SymbolId> symbols_;
  std::unordered_map<ExpressionId, ExpressionId> expressions_;
};

/// One program's part in a joined region.
struct Part {
  Copy* copy;
  const Region* region;
};

bool same_form(const Statement& a, const Statement& b) {
  if (a.content.index() != b.content.index()) {
    return false;
  }
  const auto* loop = std::get_if<Repeat>(&a.content);
  return loop == nullptr || (loop->count == std::get<Repeat>(b.content).count && loop->first == std::get<Repeat>(b.content).first);
}

bool same_form(const Region& a, const Region& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Statement& x, const Statement& y) { return same_form(x, y); });
}

Region joined(const std::vector<Part>& parts);

/// Returns the parts of all in what select(statement) gives of the statement at one place.
template <class Select>
std::vector<Part> inside(const std::vector<Part>& parts, std::size_t place, const Select& select) {
  std::vector<Part> result;
  for (const Part& part : parts) {
    result.push_back({part.copy, &select((*part.region)[place])});
  }
  return result;
}

void join_assigns(const std::vector<Part>& parts, std::size_t place, Region& result) {
  Assign all;
  for (const Part& part : parts) {
    for (const Assignment& each : std::get<Assign>((*part.region)[place].content).assignments) {
      all.assignments.push_back({part.copy->symbol(each.target), part.copy->expression(each.value)});
    }
  }
  result.push_back({std::move(all)});
}

void join_repeats(const std::vector<Part>& parts, std::size_t place, Region& result) {
  const auto& first = std::get<Repeat>((*parts[0].region)[place].content);
  const SymbolId index = parts[0].copy->symbol(first.index);
  for (const Part& part : parts) {
    part.copy->alias(std::get<Repeat>((*part.region)[place].content).index, index);
  }
  const auto body = [](const Statement& s) -> const Region& { return std::get<Repeat>(s.content).body; };
  result.push_back({Repeat{first.count, index, joined(inside(parts, place, body)), first.first}});
}

/// Branches on one condition are one; others follow each other.
void join_branches(const std::vector<Part>& parts, std::size_t place, Region& result) {
  std::set<ExpressionId> conditions;
  for (const Part& part : parts) {
    conditions.insert(part.copy->expression(std::get<Branch>((*part.region)[place].content).condition));
  }
  const auto yes = [](const Statement& s) -> const Region& { return std::get<Branch>(s.content).yes; };
  const auto no = [](const Statement& s) -> const Region& { return std::get<Branch>(s.content).no; };
  if (conditions.size() == 1) {
    result.push_back({Branch{*conditions.begin(), joined(inside(parts, place, yes)), joined(inside(parts, place, no))}});
    return;
  }
  for (const Part& part : parts) {
    join_branches({part}, place, result);
  }
}

void append_loops(const std::vector<Part>& parts, std::size_t place, Region& result) {
  for (const Part& part : parts) {
    const auto& loop = std::get<While>((*part.region)[place].content);
    result.push_back({While{part.copy->expression(loop.condition), loop.limit, joined({{part.copy, &loop.body}})}});
  }
}

Region joined(const std::vector<Part>& parts) {
  Region result;
  const Region& first = *parts[0].region;
  if (!std::all_of(parts.begin(), parts.end(), [&](const Part& part) { return same_form(first, *part.region); })) {
    for (const Part& part : parts) {
      Region own = joined({part});
      std::move(own.begin(), own.end(), std::back_inserter(result));
    }
    return result;
  }
  for (std::size_t place = 0; place < first.size(); ++place) {
    if (std::holds_alternative<Assign>(first[place].content)) {
      join_assigns(parts, place, result);
    } else if (std::holds_alternative<Repeat>(first[place].content)) {
      join_repeats(parts, place, result);
    } else if (std::holds_alternative<Branch>(first[place].content)) {
      join_branches(parts, place, result);
    } else {
      append_loops(parts, place, result);
    }
  }
  return result;
}

}  // namespace

SideBySide side_by_side(const std::vector<Program>& programs, const std::set<SymbolId>& common,
                        const std::vector<std::uint64_t>& seeds) {
  SideBySide result;
  result.program.graph = programs.at(0).graph;
  std::vector<Copy> copies;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    copies.emplace_back(*result.program.graph, i, seeds.at(i));
    for (const SymbolId symbol : common) {
      copies.back().alias(symbol, symbol);
    }
  }
  std::vector<Part> parts;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    parts.push_back({&copies[i], &programs[i].body});
  }
  result.program.body = joined(parts);
  for (const Copy& copy : copies) {
    result.symbols.push_back(copy.symbols());
  }
  return result;
}

}  // namespace pcxx
