// The model as it is served: the newest version below its base path, exchanged when a newer one appears.
#ifndef TENSORFLOW_SERVING_SERVABLES_SERVED_MODEL_H_
#define TENSORFLOW_SERVING_SERVABLES_SERVED_MODEL_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "tensorflow/c/tf_status.h"
#include "tensorflow_serving/servables/session.h"

namespace sample {

enum class VersionState { kLoading, kAvailable, kEnd };

struct VersionStatus {
  VersionState state = VersionState::kLoading;
  TF_Code code = TF_OK;
  std::string message;
};

// A version and its session. Who holds it keeps it loaded, so an older version is unloaded when its last request ends.
struct LoadedVersion {
  std::int64_t number;
  std::shared_ptr<const Session> session;
};

class ServedModel {
 public:
  ServedModel(std::string name, std::string base_path, Parallelism parallelism);

  // Looks once for a version other than the one served, and loads it; the served one answers until the new one can.
  // To be called by one thread.
  void Poll();

  const std::string& name() const { return name_; }

  // The version asked for, or the newest. Throws Failure if it is not loaded, or the name is another model's.
  LoadedVersion Find(const std::string& name, std::optional<std::int64_t> number) const;

  // Every version seen so far, or the one asked for. Throws Failure if there is none.
  std::map<std::int64_t, VersionStatus> Statuses(const std::string& name, std::optional<std::int64_t> number) const;

 private:
  void Note(std::int64_t number, VersionStatus status);

  const std::string name_;
  const std::string base_path_;
  const Parallelism parallelism_;
  std::int64_t failed_ = -1;
  std::chrono::steady_clock::time_point again_;  // when the failed version is tried again

  mutable std::mutex mutex_;  // guards what follows
  LoadedVersion served_{-1, nullptr};
  std::map<std::int64_t, VersionStatus> statuses_;
};

}  // namespace sample

#endif  // TENSORFLOW_SERVING_SERVABLES_SERVED_MODEL_H_
