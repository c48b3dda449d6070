/// The commands of the command line; each adds itself to the application.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pcxx/run/recipe.h"

namespace pcxx::cli {

/// Set by the command that ran: 0, or what it makes the program return.
struct Outcome {
  int code = 0;
};

/// Options that override a recipe.
struct Overrides {
  std::vector<std::string> sets;
  std::optional<std::string> device;
  std::optional<std::string> precision;
  std::optional<int> threads;
  std::optional<long long> seed;

  /// Adds --set, --device, --precision and --threads to a command.
  void add_to(CLI::App& command);
  /// Returns all of them as recipe overrides.
  std::vector<std::string> list() const;
};

/// Returns the checkpoint that a file or a run's folder means; empty if it is neither.
std::optional<std::string> checkpoint_in(const std::string& path);

void add_train(CLI::App& app, Outcome& outcome, const std::vector<std::string>& arguments);
void add_report(CLI::App& app);
void add_eval(CLI::App& app);
void add_inspect(CLI::App& app);
void add_import(CLI::App& app);
void add_export(CLI::App& app);
void add_bench(CLI::App& app);
void add_replay(CLI::App& app, Outcome& outcome);

}  // namespace pcxx::cli
