/// Random programs for property tests: loops, branches and simultaneous assignments over a few variables.
#pragma once

#include <vector>

#include "support/workbench.h"

namespace pcxx::test {

struct RandomProgram {
  Region body;
  std::vector<SymbolId> results;  // every variable that can be seen after a run
};

struct ProgramOptions {
  int statements = 8;
  bool spreads = true;  // variables per sample may take shared values
};

/// Returns a random program over new symbols of the workbench. Every step contracts, so that rounding errors stay small.
RandomProgram random_program(Workbench& bench, ProgramOptions options = {});

}  // namespace pcxx::test
