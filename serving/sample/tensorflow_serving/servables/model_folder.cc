#include "tensorflow_serving/servables/model_folder.h"

#include <charconv>
#include <filesystem>
#include <system_error>

namespace sample {
namespace {

// The whole name must be a number: "1.tmp", a half-written copy, is no version.
std::optional<std::int64_t> VersionOf(const std::string& name) {
  std::int64_t version = -1;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, version);
  if (error != std::errc() || rest != end || version < 0) return std::nullopt;
  return version;
}

}  // namespace

std::optional<VersionFolder> NewestVersion(const std::string& base_path) {
  std::optional<VersionFolder> newest;
  // Error codes, not exceptions: the folder may vanish while we read it, and that is no reason to stop serving.
  std::error_code error;
  std::filesystem::directory_iterator entry(base_path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    if (!entry->is_directory(unreadable)) continue;
    const std::optional<std::int64_t> number = VersionOf(entry->path().filename().string());
    if (number && (!newest || *number > newest->number)) newest = VersionFolder{*number, entry->path().string()};
  }
  return newest;
}

}  // namespace sample
