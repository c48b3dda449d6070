/// Program: copying and text.
#include "program/program.h"



namespace pcxx {

Program independent_copy(const Program& program) {
  Program copy = program;
  copy.graph = std::make_shared<Graph>(*program.graph);
  return copy;
}

bool observable(const Symbol& symbol) {
  return symbol.kind == SymbolKind::node_value || symbol.kind == SymbolKind::parameter ||
         symbol.kind == SymbolKind::state || symbol.kind == SymbolKind::output;
}

}  // namespace pcxx
