/// What a report shows, in what order.
#include "report/page.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <numeric>

#include "report/axis.h"
#include "report/chart.h"
#include "report/confusion_figure.h"
#include "report/html.h"
#include "report/page_style.h"

namespace pcxx::report {
namespace {

constexpr double kWide = 1060;  // of a chart over both columns

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds)) {
    return "–";
  }
  if (seconds < 60) {
    return seconds < 1 ? fmt::format("{:.3g} ms", 1000 * seconds) : fmt::format("{:.3g} s", seconds);
  }
  const auto whole = static_cast<long long>(std::llround(seconds));
  return whole < 3600 ? fmt::format("{} min {:02} s", whole / 60, whole % 60)
                      : fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string time_text(double time) {
  const auto seconds = static_cast<std::time_t>(time);
  std::tm parts{};
  return std::isfinite(time) && ::gmtime_r(&seconds, &parts) != nullptr ? fmt::format("{:%Y-%m-%d %H:%M} UTC", parts) : "";
}

std::string percent(double part) { return std::isfinite(part) ? fmt::format("{:.2f}%", 100 * part) : "–"; }

std::string counted(Size number, const std::string& noun) {
  return fmt::format("{} {}{}", number_text(static_cast<double>(number)), noun, number == 1 ? "" : "s");
}

/// Returns the sum of what is finite, over all epochs.
double sum(const RunHistory& history, double EpochRecord::*member) {
  return std::accumulate(history.epochs.begin(), history.epochs.end(), 0.0, [member](double all, const EpochRecord& epoch) {
    return all + (std::isfinite(epoch.*member) ? epoch.*member : 0);
  });
}

const EpochRecord* best_epoch(const RunHistory& history) {
  const EpochRecord* best = nullptr;
  for (const EpochRecord& epoch : history.epochs) {
    if (std::isfinite(epoch.accuracy) && (best == nullptr || epoch.accuracy > best->accuracy)) {
      best = &epoch;
    }
  }
  return best;
}

std::string state_text(const RunHistory& history) {
  const Size epoch = history.epochs.empty() ? 0 : history.epochs.back().epoch;
  switch (history.ending) {
    case Ending::finished: return "finished";
    case Ending::stopped:
      return history.stopped_batch > 0
                 ? fmt::format("stopped in epoch {} after batch {}", epoch + 1, history.stopped_batch)
                 : fmt::format("stopped after epoch {}", epoch);
    case Ending::diverged: return fmt::format("diverged in epoch {}", epoch + 1);
    case Ending::none: break;
  }
  return fmt::format("no end yet: after epoch {} it was still running, or was killed", epoch);
}

const char* state_class(Ending ending) {
  return ending == Ending::finished ? "finished" : ending == Ending::diverged ? "diverged" : "open";
}

std::string heading(const RunHistory& history) {
  std::string html = fmt::format("<header><h1>{}</h1><p><span class=\"state {}\">{}</span>", escaped(history.name),
                                 state_class(history.ending), escaped(state_text(history)));
  if (history.sessions.front().time) {
    html += fmt::format(" · begun {}", time_text(*history.sessions.front().time));
  }
  html += fmt::format(" · seed {}</p></header>\n", history.seed);
  if (!history.message.empty()) {
    html += fmt::format("<p class=\"message\">{}</p>\n", escaped(history.message));
  }
  return html;
}

std::string tile(const std::string& name, const std::string& value, const std::string& more) {
  return fmt::format("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>", escaped(name), escaped(value), escaped(more));
}

std::string tiles(const RunHistory& history) {
  std::string html = "<dl class=\"tiles\">";
  if (std::isfinite(history.accuracy)) {
    const EpochRecord* best = best_epoch(history);
    html += tile("test accuracy", percent(history.accuracy),
                 best == nullptr ? "" : fmt::format("best {} after epoch {}", percent(best->accuracy), best->epoch));
  }
  if (!history.epochs.empty()) {
    const EpochRecord &first = history.epochs.front(), &last = history.epochs.back();
    html += tile("training energy", number_text(last.energy),
                 history.epochs.size() > 1 ? fmt::format("{} in epoch {}", number_text(first.energy), first.epoch) : "a sample");
  }
  html += tile("epochs", number_text(static_cast<double>(history.epochs.size())),
               fmt::format("of {} planned", number_text(static_cast<double>(history.epochs_planned))));
  if (!history.epochs.empty()) {
    const double training = sum(history, &EpochRecord::seconds);
    html += tile("training time", duration_text(training),
                 fmt::format("{} an epoch", duration_text(training / static_cast<double>(history.epochs.size()))));
  }
  html += tile("parameters", number_text(static_cast<double>(history.parameters)),
               fmt::format("{} to learn from, {} to test on", number_text(static_cast<double>(history.train_samples)),
                           number_text(static_cast<double>(history.test_samples))));
  return html + "</dl>\n";
}

Line line_of(const RunHistory& history, const std::string& name, const std::function<double(const EpochRecord&)>& value) {
  Line line{name, {}};
  for (const EpochRecord& epoch : history.epochs) {
    line.points.push_back({static_cast<double>(epoch.epoch), value(epoch)});
  }
  return line;
}

/// Returns a line for each node, in the order in which they first appear.
std::vector<Line> node_lines(const RunHistory& history) {
  std::vector<Line> lines;
  for (const EpochRecord& epoch : history.epochs) {
    for (const auto& [name, energy] : epoch.nodes) {
      auto line = std::find_if(lines.begin(), lines.end(), [&name = name](const Line& each) { return each.name == name; });
      if (line == lines.end()) {
        line = lines.insert(lines.end(), Line{name, {}});
      }
      line->points.push_back({static_cast<double>(epoch.epoch), energy});
    }
  }
  return lines;
}

std::string curves(const RunHistory& history) {
  if (history.epochs.empty() && history.steps.empty()) {
    return "";
  }
  std::string html = "<h2>Curves</h2>\n<div class=\"charts\">\n";
  html += figure({.title = "Training energy, mean over samples",
                  .lines = {line_of(history, "energy", [](const EpochRecord& epoch) { return epoch.energy; })},
                  .logarithmic = true});
  if (best_epoch(history) != nullptr) {
    html += figure({.title = "Test accuracy",
                    .unit = "%",
                    .lines = {line_of(history, "accuracy", [](const EpochRecord& epoch) { return 100 * epoch.accuracy; })}});
  }
  html += figure({.title = "Energy of each node", .lines = node_lines(history), .logarithmic = true});
  if (best_epoch(history) != nullptr) {
    html += figure({.title = "Test error",
                    .unit = "%",
                    .lines = {line_of(history, "error", [](const EpochRecord& epoch) { return 100 * (1 - epoch.accuracy); })},
                    .logarithmic = true});
  }
  if (!history.steps.empty()) {
    Line steps{"energy", {}};
    for (const BatchRecord& record : history.steps) {
      steps.points.push_back({static_cast<double>(record.step), record.energy});
    }
    html += "<div class=\"wide\">" + figure({.title = "Training energy of batches",
                                             .x_label = "step",
                                             .lines = {std::move(steps)},
                                             .logarithmic = true,
                                             .width = kWide}) + "</div>";
  }
  return html + "</div>\n";
}

std::string confusion(const RunHistory& history) {
  if (history.confusion.samples() == 0) {
    return "";
  }
  const std::string title = fmt::format("After epoch {}, {} of the test set", history.confusion_epoch,
                                        counted(history.confusion.samples(), "sample"));
  return "<h2>Confusion</h2>\n<div class=\"charts\">\n" + confusion_figure(history.confusion, title) +
         confused_pairs(history.confusion) + "</div>\n";
}

std::string fact(const std::string& name, const std::string& value) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value));
}

std::string timing_facts(const RunHistory& history) {
  const double training = sum(history, &EpochRecord::seconds), testing = sum(history, &EpochRecord::evaluation_seconds);
  const auto epochs = static_cast<double>(history.epochs.size());
  const double steps = history.epochs.empty() ? 0 : static_cast<double>(history.epochs.back().step);
  std::string html = "<figure><figcaption>In all</figcaption><table class=\"facts\"><tbody>";
  const Session& last = history.sessions.back();
  if (last.load_seconds) {
    html += fact("reading the data", duration_text(*last.load_seconds));
  }
  if (last.compile_seconds) {
    html += fact("compiling", duration_text(*last.compile_seconds));
  }
  if (epochs > 0) {
    html += fact("training", fmt::format("{}, {} an epoch", duration_text(training), duration_text(training / epochs)));
    html += fact("testing", fmt::format("{}, {} an epoch", duration_text(testing), duration_text(testing / epochs)));
  }
  if (steps > 0 && training > 0) {
    html += fact("a step", fmt::format("{} ({} steps/s)", duration_text(training / steps), number_text(std::round(steps / training))));
    html += fact("samples a second", number_text(std::round(static_cast<double>(history.train_samples) * epochs / training)));
  }
  return html + "</tbody></table></figure>\n";
}

std::string timings(const RunHistory& history) {
  std::string html = "<h2>Time</h2>\n<div class=\"charts\">\n" + timing_facts(history);
  if (!history.epochs.empty()) {
    const double longest = std::max_element(history.epochs.begin(), history.epochs.end(), [](const auto& a, const auto& b) {
                             return a.seconds < b.seconds;
                           })->seconds;
    const bool short_ones = longest < 1;
    const double scale = short_ones ? 1000 : 1;
    html += figure({.title = short_ones ? "Milliseconds an epoch" : "Seconds an epoch",
                    .lines = {line_of(history, "training", [&](const EpochRecord& epoch) { return scale * epoch.seconds; }),
                              line_of(history, "test", [&](const EpochRecord& epoch) { return scale * epoch.evaluation_seconds; })}});
  }
  return html + "</div>\n";
}

std::string sessions(const RunHistory& history) {
  std::string html = "<h2>Machine</h2>\n<div class=\"charts\">\n";
  for (const Session& session : history.sessions) {
    html += fmt::format("<figure><figcaption>{}<small>{}</small></figcaption><table class=\"facts\"><tbody>",
                        session.resumed ? fmt::format("Went on from epoch {}, batch {}", session.epoch + 1, session.batch) : "Began",
                        session.time ? time_text(*session.time) : "");
    html += fact("device", fmt::format("{}, {}", session.device, session.precision));
    for (const auto& [name, value] : session.machine) {
      html += fact(name, value);
    }
    html += "</tbody></table></figure>\n";
  }
  return html + "</div>\n";
}

std::string recipe(const RunHistory& history) {
  return "<h2>Recipe</h2>\n<div class=\"card\"><pre>" + escaped(history.recipe) + "</pre></div>\n";
}

std::string epoch_table(const RunHistory& history) {
  if (history.epochs.empty()) {
    return "";
  }
  std::string html = "<h2>Epochs</h2>\n<details class=\"card\"><summary>every epoch in numbers</summary><table><thead><tr>"
                     "<th>epoch</th><th>step</th><th>energy</th><th>test accuracy</th><th>training</th><th>test</th>"
                     "</tr></thead><tbody>\n";
  for (const EpochRecord& epoch : history.epochs) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{:.6g}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", epoch.epoch,
                        epoch.step, epoch.energy, percent(epoch.accuracy), duration_text(epoch.seconds),
                        duration_text(epoch.evaluation_seconds));
  }
  return html + "</tbody></table></details>\n";
}

}  // namespace

std::string page(const RunHistory& history) {
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<title>{} · pcxx</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
             escaped(history.name), kPageStyle) +
         heading(history) + tiles(history) + curves(history) + confusion(history) + timings(history) + sessions(history) +
         recipe(history) + epoch_table(history) +
         "<footer>Written by pcxx from the run's log and checkpoint.</footer>\n</main>\n</body>\n</html>\n";
}

}  // namespace pcxx::report
