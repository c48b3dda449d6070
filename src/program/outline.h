/// Outline: a compiled program as a Plan, before a backend adds what it alone knows.
#pragma once

#include "pcxx/program/plan.h"
#include "program/program.h"

namespace pcxx {

/// Returns whether variables there are in the memory of what outlives a tile.
constexpr bool outlives_tiles(Arena arena) { return arena == Arena::shared || arena == Arena::batch || arena == Arena::tiles; }

/// Returns the bytes of a variable of a compiled program for so many samples; of Arena::tile for one tile of rows.
Size bytes_of(const Program& program, SymbolId symbol, Size samples);

/// Returns blocks, calls and variables of a compiled program, variables in the order of Program::placements. Missing are
/// work, memory in all, places outside of tiles and what runs it.
Plan outline(const Program& program, Size samples);

}  // namespace pcxx
