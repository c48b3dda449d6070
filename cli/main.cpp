/// pcxx: the command line. Parses, calls the library, and turns errors into one line and an exit
/// code.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "pcxx/core/errors.h"

namespace {

constexpr int kFailed = 1;
constexpr int kMisused = 2;

int fail(int code, const std::string& message) {
  std::fflush(stdout);
  fmt::print(stderr, "pcxx: {}\n", message);
  return code;
}

int run(int count, char** values) {
  const std::vector<std::string> arguments(values, values + count);
  pcxx::cli::Outcome outcome;
  CLI::App app("Predictive coding networks, compiled and trained.", "pcxx");
  app.set_version_flag("--version", PCXX_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  pcxx::cli::add_train(app, outcome, arguments);
  pcxx::cli::add_report(app);
  pcxx::cli::add_eval(app);
  pcxx::cli::add_inspect(app);
  pcxx::cli::add_import(app);
  pcxx::cli::add_export(app);
  pcxx::cli::add_bench(app);
  pcxx::cli::add_replay(app, outcome);
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      return app.exit(error);  // help or version
    }
    return fail(kMisused, fmt::format("{}; see pcxx --help", error.what()));
  }
  return outcome.code;
}

}  // namespace

int main(int count, char** values) {
  int code = kFailed;
  try {
    code = run(count, values);
  } catch (const pcxx::ArgumentError& error) {
    return fail(kMisused, error.what());
  } catch (const std::bad_alloc&) {
    return fail(kFailed, "out of memory");
  } catch (const std::exception& error) {
    return fail(kFailed, error.what());
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return fail(kFailed, "standard output cannot be written");
  }
  return code;
}
