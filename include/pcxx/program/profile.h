/// Profile: what one run of a plan did when, call by call, tile by tile, thread by thread.
#pragma once

#include <string>
#include <vector>

#include "pcxx/program/plan.h"

namespace pcxx {

/// One time that a thread ran a call: on one tile of rows, or on some parts of shared work.
struct CallRecord {
  Size call = 0;        // index into Plan::calls
  int thread = 0;
  Size tile = -1;       // of rows; -1: a call on what the samples share
  Size first_part = 0;  // of a shared call: its parts [first_part, end_part); of a tile: [0, 1)
  Size end_part = 1;
  Size turn = 0;        // how often the call had run on this tile or these parts before
  double start = 0;     // seconds since the run began
  double seconds = 0;
};

/// A measured run. Measuring costs two looks at the clock a record, about 50 ns, which the seconds contain.
struct Profile {
  Plan plan;            // for the samples of the run
  int threads = 1;      // that took part
  double seconds = 0;   // of the whole run, as the caller saw it; memory of a larger batch than before is made before it
  std::vector<CallRecord> records;  // by start
};

/// What a call cost in one or several runs.
struct CallCost {
  Size call = 0;       // index into Plan::calls
  Size count = 0;      // records
  Size turns = 0;      // how often it ran on all samples: of a call that a branch skipped, 0
  double seconds = 0;  // of all threads together
  double flops = 0;    // floating-point operations made
};

/// Returns the costs of every call of the plan, the dearest first; those that never ran are last. Several runs are added up.
///
/// Threads times Profile::seconds, less all costs, is what threads spent between calls and waiting for each other.
/// Throws ArgumentError if there are no profiles, or if they are of different plans.
std::vector<CallCost> costs(const std::vector<Profile>& profiles);

}  // namespace pcxx
