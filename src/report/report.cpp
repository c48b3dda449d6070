/// Reports: from a run's folder to a file in it.
#include "pcxx/report/report.h"

#include "pcxx/io/files.h"
#include "pcxx/run/training.h"
#include "report/page.h"
#include "report/run_history.h"

namespace pcxx {

std::string report_html(const std::filesystem::path& folder) { return report::page(report::read_history(folder)); }

void write_report(const std::filesystem::path& folder) { write_file_atomically(report_path(folder), report_html(folder)); }

}  // namespace pcxx
