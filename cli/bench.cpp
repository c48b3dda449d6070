/// pcxx bench: times training steps and prints one JSON line.
#include "pcxx/run/bench.h"

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/cost_table.h"
#include "cli/terminal.h"

namespace pcxx::cli {
namespace {

double rounded(double value) { return std::round(value * 1e5) / 1e5; }

void bench_command(const BenchOptions& options, bool explain, bool profile) {
  if (explain) {
    print(bench_plan(options));
    return;
  }
  if (profile) {
    print(cost_table(bench_profiles(options)));
    return;
  }
  const BenchResult result = bench(options);
  nlohmann::ordered_json line{{"system", "pcxx"},
                              {"work", options.work},
                              {"first_step_s", rounded(result.first_step_seconds)},
                              {"median_ms", rounded(result.median_ms)},
                              {"min_ms", rounded(result.min_ms)},
                              {"steps_timed", result.steps_timed},
                              {"device", options.device},
                              {"precision", to_string(options.precision)},
                              {"threads", result.threads},
                              {"flops", result.flops},
                              {"bytes", result.bytes},
                              {"energy", result.energy}};
  if (options.work == "mlp") {
    line["width"] = options.width;
  }
  if (options.work != "moons") {
    line.update({{"batch", options.batch}, {"T", options.steps}});
  }
  if (options.rule != "pc") {
    line["rule"] = options.rule;
  }
  if (!options.known_zeros || !options.hoist) {
    line.update({{"known_zeros", options.known_zeros}, {"hoist", options.hoist}});
  }
  print(line.dump() + "\n");
}

void add_sizes(CLI::App& command, BenchOptions& options) {
  command.add_option("--batch", options.batch, "Samples a batch")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--steps", options.steps, "T, inference steps a batch")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--repeat", options.repeat, "Batches; the first two are not timed")
      ->type_name("N")
      ->capture_default_str();
}

void add_common(CLI::App& command, BenchOptions& options, std::string& precision) {
  command.add_option("--rule", options.rule, "pc, or bp: backpropagation of the same network")
      ->type_name("RULE")
      ->capture_default_str();
  command.add_option("--device", options.device, "cpu or reference")
      ->type_name("DEVICE")
      ->capture_default_str();
  command.add_option("--precision", precision, "f32, bf16 or (reference only) f64")
      ->type_name("PRECISION")
      ->capture_default_str();
  command.add_option("--threads", options.threads, "0: all cores")
      ->type_name("N")
      ->capture_default_str();
  command.add_flag_callback(
      "--no-known-zeros", [&zeros = options.known_zeros] { zeros = false; },
      "Compute what is known to be zero as well; the bits stay the same");
  command.add_flag_callback(
      "--no-hoist", [&hoist = options.hoist] { hoist = false; },
      "Compute in every step what does not change between steps; the bits stay the same");
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "bench", "Time training steps on the work that other systems are timed on");
  command->require_subcommand(1);
  const auto options = std::make_shared<BenchOptions>();
  const auto precision = std::make_shared<std::string>("f32");
  const auto explain = std::make_shared<bool>(false), profile = std::make_shared<bool>(false);
  CLI::App* moons =
      command->add_subcommand("moons", "Two moons, 2-32-32-2, batch 32, 8 inference steps");
  CLI::App* mlp = command->add_subcommand("mlp", "Fashion-MNIST, 784-width-width-width-10");
  mlp->add_option("--width", options->width, "Width of the hidden layers")
      ->type_name("N")
      ->capture_default_str();
  mlp->add_option("--data", options->data, "Folder of Fashion-MNIST")->type_name("DIR");
  CLI::App* vgg5 = command->add_subcommand("vgg5", "VGG-5 on a batch of noise (3, 32, 32)");
  CLI::App* alexnet = command->add_subcommand("alexnet", "AlexNet on a batch of noise (3, 32, 32)");
  for (CLI::App* work : {mlp, vgg5, alexnet}) {
    add_sizes(*work, *options);
  }
  for (CLI::App* work : {moons, mlp, vgg5, alexnet}) {
    add_common(*work, *options, *precision);
    CLI::Option* plan = work->add_flag("--explain", *explain, "Print the compiled plan instead of timing it");
    work->add_flag("--profile", *profile, "Print which calls of the plan take the time")->excludes(plan);
    work->callback([options, precision, explain, profile, work] {
      options->work = work->get_name();
      options->precision = precision_from(*precision);
      bench_command(*options, *explain, *profile);
    });
  }
}

}  // namespace pcxx::cli
