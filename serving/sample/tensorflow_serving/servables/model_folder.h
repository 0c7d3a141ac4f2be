// A model's base path: one folder a version, named by a number.
#ifndef TENSORFLOW_SERVING_SERVABLES_MODEL_FOLDER_H_
#define TENSORFLOW_SERVING_SERVABLES_MODEL_FOLDER_H_

#include <cstdint>
#include <optional>
#include <string>

namespace sample {

struct VersionFolder {
  std::int64_t number;
  std::string path;
};

// The highest version below `base_path`; nothing if there is none or the folder cannot be read.
std::optional<VersionFolder> NewestVersion(const std::string& base_path);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_SERVABLES_MODEL_FOLDER_H_
