/// Escaping text for HTML and SVG.
#include "report/html.h"

#include <algorithm>

#include "io/utf8.h"

namespace pcxx::report {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace

std::string escaped(std::string_view text) {
  const bool utf8 = io::utf32_from(text).has_value();
  std::string result;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    switch (letter) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      case '\n':
      case '\t': result += letter; break;
      case '\r': break;
      default:
        if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8)) {
          result += kReplacement;
        } else {
          result += letter;
        }
    }
  }
  return result;
}

}  // namespace pcxx::report
