#include "tensorflow_serving/servables/served_model.h"

#include <cstdio>
#include <exception>
#include <utility>

#include "tensorflow_serving/servables/failure.h"
#include "tensorflow_serving/servables/model_folder.h"

namespace sample {
namespace {

// TensorFlow Serving's --load_retry_interval_micros: a folder that is still being copied gets another chance.
constexpr std::chrono::minutes kRetryInterval(1);

}  // namespace

ServedModel::ServedModel(std::string name, std::string base_path, Parallelism parallelism)
    : name_(std::move(name)), base_path_(std::move(base_path)), parallelism_(parallelism) {}

void ServedModel::Poll() {
  const std::optional<VersionFolder> newest = NewestVersion(base_path_);
  // Only this thread writes served_, so it may read it without the lock.
  if (!newest || newest->number == served_.number) return;
  if (newest->number == failed_ && std::chrono::steady_clock::now() < again_) return;

  const std::int64_t number = newest->number;
  std::fprintf(stderr, "loading %s\n", newest->path.c_str());
  Note(number, {});
  VersionStatus trouble{VersionState::kEnd, TF_UNKNOWN, ""};
  try {
    LoadedVersion loaded{number, std::make_shared<const Session>(newest->path, parallelism_)};
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (served_.session) statuses_[served_.number].state = VersionState::kEnd;
      statuses_[number].state = VersionState::kAvailable;
      std::swap(served_, loaded);
    }
    failed_ = -1;
    std::fprintf(stderr, "serving %s version %lld\n", name_.c_str(), static_cast<long long>(number));
    return;  // the older version goes with `loaded`, outside the lock
  } catch (const Failure& failure) {
    trouble.code = failure.code();
    trouble.message = failure.what();
  } catch (const std::exception& error) {
    trouble.message = error.what();
  }
  std::fprintf(stderr, "cannot load %s: %s\n", newest->path.c_str(), trouble.message.c_str());
  failed_ = number;
  again_ = std::chrono::steady_clock::now() + kRetryInterval;
  Note(number, trouble);
}

LoadedVersion ServedModel::Find(const std::string& name, std::optional<std::int64_t> number) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (served_.session && name == name_ && number.value_or(served_.number) == served_.number) return served_;
  const std::string wanted = number ? "Specific(" + name + ", " + std::to_string(*number) + ")" : "Latest(" + name + ")";
  throw Failure(TF_NOT_FOUND, "Servable not found for request: " + wanted);
}

std::map<std::int64_t, VersionStatus> ServedModel::Statuses(const std::string& name,
                                                            std::optional<std::int64_t> number) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (name == name_ && !number && !statuses_.empty()) return statuses_;
  if (!number) throw Failure(TF_NOT_FOUND, "Could not find any versions of model " + name);
  const auto found = statuses_.find(*number);
  if (name == name_ && found != statuses_.end()) return {*found};
  throw Failure(TF_NOT_FOUND, "Could not find version " + std::to_string(*number) + " of model " + name);
}

void ServedModel::Note(std::int64_t number, VersionStatus status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  statuses_[number] = std::move(status);
}

}  // namespace sample
