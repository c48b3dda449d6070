/// Drawing the live table.
#include "cli/live_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/describe.h"
#include "cli/terminal.h"

namespace pcxx::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto kRefresh = 100ms;
constexpr double kSmoothing = 0.05;  // weight of a new batch in the running energies
constexpr int kEpoch = 7, kAccuracy = 15, kEnergy = 9, kNode = 9, kTime = 10;

/// Returns a bar of so many columns, the given part of it filled.
std::string bar(double part, int width) {
  const int filled = std::clamp(static_cast<int>(part * width + 0.5), 0, width);
  std::string full, rest;
  for (int i = 0; i < width; ++i) {
    (i < filled ? full : rest) += i < filled ? "━" : "─";
  }
  return full + dim(rest);
}

}  // namespace

void LiveView::started(const TrainingStart& start) {
  start_ = start;
  const int width = terminal_width();
  Lines lines = describe(recipe_, start);
  lines.emplace_back("folder", options_.folder);
  print(fmt::format("\n  {}\n\n{}\n", bold(fitted(options_.recipe_path, width - 3)),
                    aligned(lines, width - 1)));
  if (start.resumed) {
    print(fitted(fmt::format("  going on from epoch {}, batch {}", start.progress.epoch + 1,
                             start.progress.batch),
                 width - 1) +
          "\n\n");
  }
}

void LiveView::notice(const std::string& text) {
  erase();
  print(fmt::format("  {}\n", text));
}

/// Which columns fit: nodes all or none, then time, then energy.
std::string LiveView::row(const Row& cells, int width) const {
  const int nodes = static_cast<int>(cells.nodes.size()) * kNode;
  std::string text = right(cells.epoch, kEpoch) + right(cells.accuracy, kAccuracy);
  int used = kEpoch + kAccuracy;
  if (used + kEnergy <= width) {
    text += right(cells.energy, kEnergy);
    used += kEnergy;
  }
  if (used + nodes + kTime <= width) {
    for (const std::string& node : cells.nodes) {
      text += right(fitted(node, kNode - 1), kNode);
    }
    used += nodes;
  }
  return used + kTime <= width ? text + right(cells.time, kTime) : text;
}

void LiveView::print_heading(const std::vector<std::string>& nodes) {
  if (!std::exchange(heading_shown_, true)) {
    print(dim(row({"epoch", "test accuracy", "energy", nodes, "time"}, terminal_width() - 1)) +
          "\n");
  }
}

void LiveView::batch(const BatchReport& report) {
  const double weight = energy_ ? kSmoothing : 1.0;
  energy_ = energy_.value_or(0) + weight * (report.energy - energy_.value_or(0));
  nodes_.resize(report.nodes.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i] += weight * (report.nodes[i].second - nodes_[i]);
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ >= kRefresh) {
    drawn_ = now;
    draw(report);
  }
}

double LiveView::seconds_left(const BatchReport& report) const {
  const double a_batch =
      report.seconds_in_all / static_cast<double>(std::max<Size>(report.step, 1));
  const auto batches = static_cast<double>(recipe_.epochs * report.batches - report.step);
  return a_batch * batches +
         evaluation_seconds_ * static_cast<double>(recipe_.epochs - report.epoch);
}

std::string LiveView::progress(const BatchReport& report, int width) const {
  const double rate = report.seconds > 0 ? static_cast<double>(report.batch) / report.seconds : 0;
  const std::string done =
      fmt::format("  {} of {}", grouped(report.batch), grouped(report.batches));
  const std::string speed =
      fmt::format(" batches   {} batches/s", grouped(static_cast<long long>(rate)));
  const std::string time = fmt::format("   {} left", duration(seconds_left(report)));
  const std::string text =
      columns(done + speed + time) <= width ? done + speed + time : done + time;
  const int room = std::min(width - columns(text) - 2, 40);
  const double part = static_cast<double>(report.batch) / static_cast<double>(report.batches);
  return room >= 8 ? "  " + bar(part, room) + text : fitted(text, width);
}

void LiveView::draw(const BatchReport& report) {
  std::vector<std::string> names, values;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    names.push_back(report.nodes[i].first);
    values.push_back(energy_text(nodes_[i]));
  }
  print_heading(names);
  const int width = terminal_width() - 1;
  const std::string text = row({fmt::format("{}/{}", report.epoch + 1, recipe_.epochs), "·····",
                                energy_text(*energy_), values, duration(report.seconds)},
                               width);
  const std::string back = live_ ? "\r\x1b[1A\x1b[J" : "";
  print(back + text + "\n" +
        progress(report, width - 2));  // room for the ^C that a terminal echoes
  live_ = true;
}

void LiveView::erase() {
  if (std::exchange(live_, false)) {
    print("\r\x1b[1A\x1b[J");
  }
}

void LiveView::close() {
  if (std::exchange(live_, false)) {
    print("\n\n");
  }
}

void LiveView::epoch(const EpochReport& report) {
  erase();
  evaluation_seconds_ = report.evaluation_seconds;
  energy_.reset();
  nodes_.clear();
  std::vector<std::string> names, values;
  for (const auto& [name, energy] : report.nodes) {
    names.push_back(name);
    values.push_back(energy_text(energy));
  }
  print_heading(names);
  print(row({fmt::format("{}/{}", report.epoch, recipe_.epochs),
             fmt::format("{:.4f}", report.test_accuracy), energy_text(report.energy), values,
             duration(report.seconds)},
            terminal_width() - 1) +
        "\n");
}

void LiveView::finished(const TrainingSummary& summary) {
  erase();
  const RunProgress& progress = summary.progress;
  Lines lines;
  if (progress.epoch > 0) {
    lines.emplace_back(
        "trained", fmt::format("{}, {} in {} ({} an epoch)", counted(progress.epoch, "epoch"),
                               counted(progress.step, "batch"), duration(progress.seconds),
                               duration(progress.seconds / static_cast<double>(progress.epoch))));
    lines.emplace_back(
        "best", fmt::format("{:.4f} after epoch {}", progress.best_accuracy, progress.best_epoch));
  }
  lines.emplace_back("saved", summary.checkpoint.string());
  lines.emplace_back("report", report_path(summary.checkpoint.parent_path()).string());
  print(fmt::format("\n{}\ntest accuracy {:.4f}\n", aligned(lines, terminal_width() - 1),
                    summary.test_accuracy));
}

void LiveView::stopped(const TrainingSummary& summary, const std::string& command) {
  erase();
  print(fmt::format("\nstopped in epoch {} after {}; everything is saved\ngo on with: {}\n",
                    summary.progress.epoch + 1, counted(summary.progress.batch, "batch"), command));
}

}  // namespace pcxx::cli
