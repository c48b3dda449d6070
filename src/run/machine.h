/// Machine: what a run ran on, for its log and its report.
#pragma once

#include <string>

namespace pcxx {

struct Machine {
  std::string cpu;           // as the system calls it; empty if it does not say
  int cores = 0;             // that this process may use
  std::string instructions;  // the best instruction set of our vector code here
  std::string system;        // kernel and architecture
  std::string version;       // of pcxx
  std::string onednn;        // version
  std::string compiler;
};

/// Returns what can be found out about this machine without asking for more than a file and two libraries.
Machine this_machine();

/// Returns the threads that a run works with: what it asks for, or for 0 all cores.
int threads_used(int asked);

}  // namespace pcxx
