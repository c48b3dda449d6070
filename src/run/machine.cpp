/// Finding out what a run runs on.
#include "run/machine.h"

#include <fmt/format.h>
#include <hwy/highway.h>
#include <hwy/targets.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <sys/utsname.h>

#include <bit>
#include <fstream>

namespace pcxx {
namespace {

/// Returns "AMD EPYC 7B13" from the system's list of processors.
std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return {};
}

/// The best target has the lowest bit. Highway calls every AVX-512 level AVX3.
std::string instruction_set() {
  const auto targets = static_cast<std::uint64_t>(hwy::SupportedTargets());
  const auto best = static_cast<std::int64_t>(targets & (~targets + 1));
  const std::string name = hwy::TargetName(best);
  return name.starts_with("AVX3") ? fmt::format("AVX-512 ({})", name) : name;
}

std::string system_name() {
  utsname names{};
  return ::uname(&names) == 0 ? fmt::format("{} {}, {}", names.sysname, names.release, names.machine) : "";
}

}  // namespace

Machine this_machine() {
  const dnnl_version_t* onednn = dnnl_version();
#if defined(__clang__)
  const std::string compiler = fmt::format("clang {}", __clang_version__);
#else
  const std::string compiler = fmt::format("gcc {}", __VERSION__);
#endif
  return {.cpu = processor(),
          .cores = omp_get_num_procs(),
          .instructions = instruction_set(),
          .system = system_name(),
          .version = PCXX_VERSION,
          .onednn = fmt::format("{}.{}.{}", onednn->major, onednn->minor, onednn->patch),
          .compiler = compiler};
}

int threads_used(int asked) { return asked > 0 ? asked : omp_get_num_procs(); }

}  // namespace pcxx
