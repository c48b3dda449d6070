/// The terminal: whether there is one, how wide it is, and what numbers look like on it.
#pragma once

#include <string>
#include <string_view>

namespace pcxx::cli {

/// Returns whether standard output is a terminal.
bool is_terminal();

/// Returns the columns of the terminal now; 80 if there is none.
int terminal_width();

/// Returns the text dimmed, or bold, if standard output is a terminal that may be coloured
/// (NO_COLOR is not set).
std::string dim(std::string_view text);
std::string bold(std::string_view text);

/// Returns the columns that a text without escape sequences takes (one for each code point).
int columns(std::string_view text);

/// Returns the text cut to a number of columns, with an ellipsis if something is gone.
std::string fitted(std::string_view text, int width);

/// Returns the text with spaces before it, or after it, up to a number of columns.
std::string right(std::string_view text, int width);
std::string left(std::string_view text, int width);

/// Returns "11,700".
std::string grouped(long long number);
/// Returns an energy in at most 8 columns: "0.0912", "8.1e-05".
std::string energy_text(double energy);
/// Returns "0.52 s", "12.3 s", "2:05", "1:02:09".
std::string duration(double seconds);
/// Returns "1.6 MB".
std::string bytes_text(double bytes);
/// Returns "25 epochs", "1 epoch".
std::string counted(long long number, const std::string& noun);

/// Prints to standard output and flushes it.
void print(std::string_view text);

}  // namespace pcxx::cli
