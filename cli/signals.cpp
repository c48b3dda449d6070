/// Signal handlers that do nothing but remember.
#include "cli/signals.h"

#include <csignal>

namespace pcxx::cli {
namespace {

volatile std::sig_atomic_t requested = 0;

void remember(int signal) {
  requested = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void watch_signals() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

int stop_requested() { return requested; }

}  // namespace pcxx::cli
