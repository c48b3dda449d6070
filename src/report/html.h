/// Text in HTML and SVG: what it says can never become markup.
#pragma once

#include <string>
#include <string_view>

namespace pcxx::report {

/// Returns the text with the five letters that mean something to HTML and XML replaced, and control characters (which XML
/// forbids) and bytes that are no UTF-8 as U+FFFD.
std::string escaped(std::string_view text);

}  // namespace pcxx::report
