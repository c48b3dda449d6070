/// pcxx replay: repeats a run frozen in another system and compares every array.
#include "pcxx/run/replay.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace pcxx::cli {
namespace {

struct Options {
  std::string path;
  std::string precision = "f32";
  bool json = false;
  ReplayOptions replay;
};

void show(const ReplayReport& report, const Options& options) {
  print(fmt::format("{}  {}, {}, {}, {}\n", options.path, fmt::join(report.widths, "-"),
                    report.activation, report.energy, counted(report.steps, "step")));
  print(dim(fmt::format("  {}{}{}  worst", left("", 18), right("arrays", 8),
                        right("largest error", 15))) +
        "\n");
  for (const ReplayedGroup& group : report.groups) {
    print(fmt::format("  {}{:8}{:15.1e}  {}\n", left(group.name, 18), group.arrays.size(),
                      group.largest_error, group.worst));
  }
  for (const ReplayedGroup& group : report.groups) {
    for (const ReplayedArray& array : group.arrays) {
      if (!array.passed) {
        print(fmt::format("  failed: {}: {}\n", array.name,
                          array.problem.empty() ? fmt::format("error {:.2e}, allowed {:.0e}",
                                                              array.error, options.replay.tolerance)
                                                : array.problem));
      }
    }
  }
  print(fmt::format("{} passed, {} failed\n", report.passed, report.failed));
}

void show_json(const ReplayReport& report, const Options& options) {
  nlohmann::ordered_json groups = nlohmann::ordered_json::object();
  for (const ReplayedGroup& group : report.groups) {
    groups[group.name] = {{"arrays", group.arrays.size()},
                          {"largest_error", group.largest_error},
                          {"worst", group.worst}};
  }
  const nlohmann::ordered_json line{{"system", "pcxx"},        {"file", options.path},
                                    {"widths", report.widths}, {"activation", report.activation},
                                    {"energy", report.energy}, {"T", report.steps},
                                    {"groups", groups},        {"passed", report.passed},
                                    {"failed", report.failed}};
  print(line.dump() + "\n");
}

}  // namespace

void add_replay(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand(
      "replay", "Repeat a frozen run of another system and compare every number");
  const auto options = std::make_shared<Options>();
  command->add_option("file", options->path, "NPZ file, as tools/freeze_oracle.py writes it")
      ->required()
      ->type_name("FILE.npz");
  command->add_option("--device", options->replay.device, "cpu or reference")
      ->type_name("DEVICE")
      ->capture_default_str();
  command->add_option("--precision", options->precision, "f32, bf16 or (reference only) f64")
      ->type_name("PRECISION")
      ->capture_default_str();
  command->add_option("--threads", options->replay.threads, "0: all cores")
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--tolerance", options->replay.tolerance,
                   "Largest error allowed, relative to the scale of an array")
      ->type_name("X")
      ->capture_default_str();
  command->add_flag_callback(
      "--no-known-zeros", [&zeros = options->replay.known_zeros] { zeros = false; },
      "Compute what is known to be zero as well");
  command->add_flag_callback(
      "--no-hoist", [&hoist = options->replay.hoist] { hoist = false; },
      "Compute in every step what does not change between steps");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &outcome] {
    options->replay.precision = precision_from(options->precision);
    const ReplayReport report = replay(options->path, options->replay);
    options->json ? show_json(report, *options) : show(report, *options);
    outcome.code = report.failed == 0 ? 0 : 1;
  });
}

}  // namespace pcxx::cli
