/// pcxx report: writes the report of a run from what is in its folder.
#include "pcxx/report/report.h"

#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "pcxx/run/tensorboard.h"
#include "pcxx/run/training.h"

namespace pcxx::cli {
namespace {

struct ReportOptions {
  std::string folder;
  bool tensorboard = false;
};

void report_command(const ReportOptions& options) {
  write_report(options.folder);
  if (options.tensorboard) {
    write_event_file(options.folder);
  }
  print(fmt::format("report {}\n", report_path(options.folder).string()));
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* command = app.add_subcommand("report", "Write report.html of a run, as training does at its end");
  const auto options = std::make_shared<ReportOptions>();
  command->add_option("run", options->folder, "A run's folder, e.g. runs/two_moons")->required()->type_name("DIR");
  command->add_flag("--tensorboard", options->tensorboard, "Also write an event file for TensorBoard into the folder");
  command->callback([options] { report_command(*options); });
}

}  // namespace pcxx::cli
