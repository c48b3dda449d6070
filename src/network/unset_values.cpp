/// The check that nothing is read before it has a value: statements in order, with the nodes and variables set so far.
#include "network/unset_values.h"

#include <algorithm>
#include <iterator>

#include "pcxx/core/errors.h"
#include "program/passes/analysis.h"

namespace pcxx {
namespace {

class Walk {
 public:
  explicit Walk(const Model& model) : model_(model) {}

  void run(const Region& region, Symbols& set) {
    for (const Statement& statement : region) {
      std::visit([&](const auto& content) { run(content, set); }, statement.content);
    }
  }

 private:
  void run(const Assign& assign, Symbols& set) {
    require(values_of(assign), set);
    for (const Assignment& each : assign.assignments) {
      set.insert(each.target);
    }
  }

  void run(const Repeat& repeat, Symbols& set) {  // runs at least once
    set.insert(repeat.index);
    run(repeat.body, set);
    set.erase(repeat.index);
  }

  void run(const While& loop, Symbols& set) {
    require({loop.condition}, set);
    Symbols inside = set;
    run(loop.body, inside);
  }

  void run(const Branch& branch, Symbols& set) {
    require({branch.condition}, set);
    Symbols yes = set, no = set;
    run(branch.yes, yes);
    run(branch.no, no);
    set.clear();
    std::set_intersection(yes.begin(), yes.end(), no.begin(), no.end(), std::inserter(set, set.end()));
  }

  void run(const Call&, Symbols&) {}   // made by passes only
  void run(const Stage&, Symbols&) {}

  void require(const std::vector<ExpressionId>& values, const Symbols& set) const {
    for (const ExpressionId value : values) {
      for (const SymbolId symbol : reads_of(model_, {value})) {
        if (!set.contains(symbol)) {
          refuse(symbol, model_.place_of_value(value));
        }
      }
    }
  }

  /// Throws if a symbol that has not been set is a variable or a node.
  void refuse(SymbolId symbol, const std::string& place) const {
    const std::string read = " is read" + (place.empty() ? "" : " at " + place);
    if (model_.symbol(symbol).kind == SymbolKind::temporary) {
      throw ArgumentError("[flow] variable " + model_.quoted(symbol) + read +
                          " where it does not exist; expected it within the program, loop or branch that makes it: carry a "
                          "value out of a loop by assigning it to a variable made before");
    }
    if (model_.symbol(symbol).kind == SymbolKind::node_value) {
      throw ArgumentError("[flow] node " + model_.quoted(symbol) + read +
                          " before it has a value; expected it to be given as data, to follow in a phase that is "
                          "entered before, e.g. \"start\", or to be assigned");
    }
  }

  const Model& model_;
};

}  // namespace

void require_values(const Model& model, const Region& body) {
  Symbols set;
  Walk(model).run(body, set);
}

}  // namespace pcxx
