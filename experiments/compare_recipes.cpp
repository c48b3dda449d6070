/// Compares recipes: each trained with each of several seeds, every epoch a row of one table.
///
/// compare_recipes RECIPE... [--seeds 0,1] [--set KEY=VALUE]... [--out FOLDER] [--force]
///
/// FOLDER holds a run for each recipe and seed, and the table of all of them, table.csv. Whatever stopped the program, the
/// same command goes on from the last checkpoint; what is finished is not trained again, unless by --force.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include <pcxx/io/files.h>
#include <pcxx/pcxx.h>

using namespace pcxx;
namespace fs = std::filesystem;

constexpr int kNoData = 77;  // a test that ends so was skipped

volatile std::sig_atomic_t interrupted = 0;

/// One recipe with one seed.
struct RunOfSeed {
  Recipe recipe;
  fs::path folder;
};

/// One epoch of it.
struct Row {
  std::string recipe;
  std::uint64_t seed;
  Size epoch;
  Size samples;  // learned from until then
  double energy;
  double test_accuracy;
  double seconds;  // of training in this epoch
};

/// Returns the epochs that a run's log tells of.
std::vector<Row> rows_of(const RunOfSeed& run) {
  std::vector<Row> rows;
  std::ifstream log(run.folder / "log.jsonl");
  for (std::string line; std::getline(log, line);) {
    const auto record = nlohmann::json::parse(line);
    if (record.at("event") == "epoch") {
      rows.push_back({run.recipe.name, run.recipe.seed, record.at("epoch"), record.at("step").get<Size>() * run.recipe.data.batch,
                      record.at("energy"), record.at("test_accuracy"), record.at("seconds")});
    }
  }
  return rows;
}

void write_table(const fs::path& file, const std::vector<RunOfSeed>& runs) {
  std::string text = "recipe,seed,epoch,samples,energy,test_accuracy,seconds\n";
  for (const RunOfSeed& run : runs) {
    for (const Row& row : rows_of(run)) {
      text += fmt::format("{},{},{},{},{:.6g},{:.4f},{:.1f}\n", row.recipe, row.seed, row.epoch, row.samples, row.energy,
                          row.test_accuracy, row.seconds);
    }
  }
  write_file_atomically(file, text);
}

/// Prints and writes each row when it is known.
struct Tabulator : TrainingObserver {
  Tabulator(const std::vector<RunOfSeed>& all, const RunOfSeed& now, fs::path table) : runs(all), run(now), file(std::move(table)) {}
  void epoch(const EpochReport&) override {
    const Row row = rows_of(run).back();
    fmt::print("{:<28} {:>4} {:>5} {:>8} {:>9.5f} {:>8.2f} % {:>8.1f}\n", row.recipe, row.seed, row.epoch, row.samples,
               row.energy, 100 * row.test_accuracy, row.seconds);
    std::fflush(stdout);
    write_table(file, runs);
  }
  void notice(const std::string& text) override { fmt::print("{}\n", text); }
  bool stop() override { return interrupted != 0; }
  const std::vector<RunOfSeed>& runs;
  const RunOfSeed& run;
  fs::path file;
};

double mean(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

/// What all seeds of a recipe came to.
struct Summary {
  std::string recipe;
  std::vector<std::vector<double>> accuracies;  // of every epoch, seed by seed
  std::vector<double> seconds;                  // of every epoch and seed
};

std::vector<Summary> summaries_of(const std::vector<RunOfSeed>& runs) {
  std::vector<Summary> summaries;
  for (const RunOfSeed& run : runs) {
    auto found = std::find_if(summaries.begin(), summaries.end(), [&](const Summary& s) { return s.recipe == run.recipe.name; });
    if (found == summaries.end()) {
      found = summaries.insert(found, {run.recipe.name, {}, {}});
    }
    for (const Row& row : rows_of(run)) {
      found->accuracies.resize(static_cast<std::size_t>(std::max<Size>(row.epoch, std::ssize(found->accuracies))));
      found->accuracies[static_cast<std::size_t>(row.epoch - 1)].push_back(row.test_accuracy);
      found->seconds.push_back(row.seconds);
    }
  }
  return summaries;
}

/// Prints a table of Markdown: mean test accuracies of all seeds, lowest and highest, and how far each recipe's mean after
/// the last epoch is from the last one's.
void print_summary(const std::vector<RunOfSeed>& runs) {
  const std::vector<Summary> summaries = summaries_of(runs);
  const std::size_t epochs = summaries.front().accuracies.size();
  if (epochs == 0) {
    return;
  }
  std::string heading = "\n| test accuracy, % |", rule = "|---|";
  for (std::size_t epoch = 1; epoch <= epochs; ++epoch) {
    heading += fmt::format(" epoch {} |", epoch);
    rule += "---|";
  }
  fmt::print("{} lowest to highest | to the last | seconds an epoch |\n{}---|---|---|\n", heading, rule);
  const double last = 100 * mean(summaries.back().accuracies.back());
  for (const Summary& summary : summaries) {
    fmt::print("| `{}` |", summary.recipe);
    for (const std::vector<double>& seeds : summary.accuracies) {
      fmt::print(" {:.2f} |", 100 * mean(seeds));
    }
    const std::vector<double>& ends = summary.accuracies.back();
    const auto [low, high] = std::minmax_element(ends.begin(), ends.end());
    fmt::print(" {:.2f} to {:.2f} | {:+.2f} | {:.0f} |\n", 100 * *low, 100 * *high, 100 * mean(ends) - last, mean(summary.seconds));
  }
}

struct Options {
  std::vector<std::string> recipes;
  std::vector<std::uint64_t> seeds = {0, 1};
  std::vector<std::string> overrides;
  std::string folder = "runs/comparison";
  bool force = false;
};

/// Returns the runs, all recipes with the first seed before any with the next.
std::vector<RunOfSeed> runs_of(const Options& options) {
  std::vector<RunOfSeed> runs;
  for (const std::uint64_t seed : options.seeds) {
    for (const std::string& path : options.recipes) {
      std::vector<std::string> overrides = options.overrides;
      overrides.push_back(fmt::format("seed={}", seed));
      Recipe recipe = load_recipe(path, overrides);
      fs::path folder = fs::path(options.folder) / fmt::format("{}-seed{}", recipe.name, seed);
      runs.push_back({std::move(recipe), std::move(folder)});
    }
  }
  return runs;
}

/// Begins a run or goes on with it; returns whether it came to its end.
bool carry_out(const RunOfSeed& run, const Options& options, TrainingObserver& observer) {
  const bool resume = !options.force && fs::exists(checkpoint_path(run.folder));
  return train(run.recipe, {.folder = run.folder, .resume = resume, .force = options.force}, observer).finished;
}

int compare(const Options& options) {
  const std::vector<RunOfSeed> runs = runs_of(options);
  fmt::print("{:<28} {:>4} {:>5} {:>8} {:>9} {:>10} {:>8}\n", "recipe", "seed", "epoch", "samples", "energy", "accuracy", "seconds");
  for (const RunOfSeed& run : runs) {
    Tabulator tabulator(runs, run, fs::path(options.folder) / "table.csv");
    try {
      if (!carry_out(run, options, tabulator)) {
        fmt::print("stopped; the same command goes on from here\n");
        return 128 + interrupted;
      }
    } catch (const FileError& error) {
      if (fs::exists(checkpoint_path(run.folder))) {
        throw;
      }
      fmt::print(stderr, "{}\n", error.what());  // nothing has begun: the data is not there
      return kNoData;
    }
  }
  print_summary(runs);
  return 0;
}

int main(int count, char** arguments) {
  Options options;
  CLI::App app("Trains recipes with several seeds and tabulates every epoch");
  app.add_option("recipes", options.recipes, "Recipes to compare, the one to compare with last")->required()->type_name("RECIPE");
  app.add_option("--seeds", options.seeds, "Seeds, as in 0,1,2")->delimiter(',')->capture_default_str();
  app.add_option("--set", options.overrides, "Set a key of all recipes, as in --set epochs=2")->type_name("KEY=VALUE")->allow_extra_args(false);
  app.add_option("--out", options.folder, "Folder of the runs and of table.csv")->capture_default_str();
  app.add_flag("--force", options.force, "Replace runs that are in the folder");
  CLI11_PARSE(app, count, arguments);
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int number) { interrupted = number; });
  }
  try {
    return compare(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
