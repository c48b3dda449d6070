/// Options that several commands share.
#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.h"
#include "pcxx/run/training.h"

namespace pcxx::cli {

void Overrides::add_to(CLI::App& command) {
  command
      .add_option("--set", sets,
                  "Set a key of the recipe, as in --set rule.steps=8; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--device", device, "cpu or reference")->type_name("DEVICE");
  command.add_option("--precision", precision, "f32, bf16 or (reference only) f64")
      ->type_name("PRECISION");
  command
      .add_option("--threads", threads, "Threads to use; 0: all cores. Results do not depend on it")
      ->type_name("N");
}

std::vector<std::string> Overrides::list() const {
  std::vector<std::string> result = sets;
  const auto add = [&](const char* key, const auto& value) {
    if (value) {
      result.push_back(fmt::format("{}={}", key, *value));
    }
  };
  add("device", device);
  add("precision", precision);
  add("threads", threads);
  add("seed", seed);
  return result;
}

std::optional<std::string> checkpoint_in(const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    return checkpoint_path(path).string();
  }
  return path.ends_with(".safetensors") ? std::optional(path) : std::nullopt;
}

}  // namespace pcxx::cli
