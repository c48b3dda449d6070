/// Looking at the terminal and writing for it.
#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace pcxx::cli {
namespace {

bool coloured() {
  static const bool result = is_terminal() && std::getenv("NO_COLOR") == nullptr;
  return result;
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

bool is_terminal() {
  static const bool result = ::isatty(STDOUT_FILENO) != 0;
  return result;
}

int terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return 80;
}

std::string dim(std::string_view text) {
  return coloured() ? fmt::format("\x1b[2m{}\x1b[22m", text) : std::string(text);
}
std::string bold(std::string_view text) {
  return coloured() ? fmt::format("\x1b[1m{}\x1b[22m", text) : std::string(text);
}

int columns(std::string_view text) {
  int count = 0;
  for (const char byte : text) {
    count += continues(byte) ? 0 : 1;
  }
  return count;
}

std::string fitted(std::string_view text, int width) {
  if (columns(text) <= width) {
    return std::string(text);
  }
  std::string result;
  int used = 0;
  for (const char byte : text) {
    if (!continues(byte) && ++used > width - 1) {
      break;
    }
    result += byte;
  }
  return width > 0 ? result + "…" : "";
}

std::string right(std::string_view text, int width) {
  const int missing = width - columns(text);
  return std::string(static_cast<std::size_t>(missing > 0 ? missing : 0), ' ') + std::string(text);
}

std::string left(std::string_view text, int width) {
  const int missing = width - columns(text);
  return std::string(text) + std::string(static_cast<std::size_t>(missing > 0 ? missing : 0), ' ');
}

std::string grouped(long long number) {
  if (number < 0) {
    return fmt::format("-{}", grouped(-number));
  }
  return number < 1000 ? fmt::format("{}", number)
                       : fmt::format("{},{:03}", grouped(number / 1000), number % 1000);
}

std::string energy_text(double energy) {
  const double size = std::abs(energy);
  if (energy == 0) {
    return "0";
  }
  return size < 1e-3 || size >= 1e5 ? fmt::format("{:.1e}", energy)
         : size < 10                ? fmt::format("{:.4f}", energy)
                                    : fmt::format("{:.5g}", energy);
}

std::string duration(double seconds) {
  if (seconds < 10) {
    return fmt::format("{:.2f} s", seconds);
  }
  if (seconds < 60) {
    return fmt::format("{:.1f} s", seconds);
  }
  const auto whole = static_cast<long long>(seconds + 0.5);
  return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                      : fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string bytes_text(double bytes) {
  const char* const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit) {
    bytes /= 1000;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, units[unit]);
}

std::string counted(long long number, const std::string& noun) {
  const bool es = noun.ends_with("ch") || noun.ends_with("s");
  return fmt::format("{} {}{}", grouped(number), noun,
                     number == 1             ? ""
                     : es && noun != "epoch" ? "es"
                                             : "s");
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace pcxx::cli
