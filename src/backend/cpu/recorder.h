/// Recorder: what one thread ran when, during a run that is measured.
#pragma once

#include <chrono>
#include <vector>

#include "backend/cpu/call.h"

namespace pcxx::cpu {

/// Used by one thread alone between the start of a run and the end of its team: nothing is shared while it records, not
/// even a cache line, and the end of the parallel region orders its writes before whoever reads the records.
class alignas(64) Recorder {
 public:
  using Clock = std::chrono::steady_clock;
  struct Record {
    const PreparedCall* call;
    Size tile;
    Size first_part, end_part;
    Clock::time_point start, end;
  };

  explicit Recorder(std::size_t expected) { records_.reserve(expected); }

  void run(const PreparedCall& call, Size tile, const Frame& frame, Size first, Size last) {
    const Clock::time_point start = Clock::now();
    call.run(frame, first, last);
    records_.push_back({&call, tile, first, last, start, Clock::now()});
  }

  const std::vector<Record>& records() const { return records_; }

 private:
  std::vector<Record> records_;
};

}  // namespace pcxx::cpu
