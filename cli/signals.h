/// Ctrl-C and the like: a request to stop, kept until someone asks.
#pragma once

namespace pcxx::cli {

/// From now on SIGINT and SIGTERM are requests; the second one ends the program at once.
void watch_signals();

/// Returns the signal that asked to stop, 0 if none did.
int stop_requested();

}  // namespace pcxx::cli
