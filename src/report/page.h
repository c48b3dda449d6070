/// The page of a report, section by section.
#pragma once

#include <string>

#include "report/run_history.h"

namespace pcxx::report {

/// Returns a whole HTML document.
std::string page(const RunHistory& history);

}  // namespace pcxx::report
