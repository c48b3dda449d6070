/// Runs the command line as users do: a process with arguments, an environment and a folder.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace pcxx::test {

struct CommandOptions {
  std::map<std::string, std::string> environment = {};  // added to the test's own
  std::string folder = {};                              // to run in; empty: the test's own
  std::string output = {};  // file or device to send standard output to; empty: kept
  long largest_file = 0;    // bytes a file may have; 0: any
};

struct CommandResult {
  int code = 0;  // exit code; 128 + n when signal n ended it
  std::string out;
  std::string error;
};

/// A pcxx process.
class Command {
 public:
  explicit Command(const std::vector<std::string>& arguments, const CommandOptions& options = {});
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  /// Kills it, if it still runs.
  ~Command();

  void signal(int number) const;
  /// Waits for its end.
  CommandResult wait();

 private:
  pid_t process_ = -1;
  int out_ = -1;
  int error_ = -1;
};

/// Runs pcxx to its end.
CommandResult pcxx_command(const std::vector<std::string>& arguments,
                           const CommandOptions& options = {});

/// Runs pcxx in a terminal of so many columns to its end; out holds all that it wrote.
CommandResult pcxx_in_terminal(const std::vector<std::string>& arguments, int columns);

/// Returns the last line, without its end.
std::string last_line(const std::string& text);

}  // namespace pcxx::test
