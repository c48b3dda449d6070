/// Programs side by side: one program that does what several do, each over variables of its own.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "program/program.h"

namespace pcxx {

struct SideBySide {
  Program program;
  std::vector<std::map<SymbolId, SymbolId>> symbols;  // for each program: from its variables to their copies
};

/// Returns one program for several of one graph, to which copies of their symbols are added, but for those in `common`.
/// Statements of one form stand together: assignments in one statement, loops of one count in one loop. What depends on
/// the values of one program, such as a loop until a condition, stands after the other. Draws take the program's seed.
SideBySide side_by_side(const std::vector<Program>& programs, const std::set<SymbolId>& common,
                        const std::vector<std::uint64_t>& seeds);

}  // namespace pcxx
