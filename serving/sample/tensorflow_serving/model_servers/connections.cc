#include "tensorflow_serving/model_servers/connections.h"

#include <system_error>
#include <thread>

namespace sample {
namespace {

// The library waits with select(), which knows file descriptors below 1024 only; some are TensorFlow's.
constexpr int kMost = 768;

// Whether this thread's connection is among the owed.
thread_local bool owed = false;

}  // namespace

void Connections::Open(std::function<void()> conversation) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return open_ < kMost; });
    ++open_;
    ++owed_;
  }
  try {
    std::thread([this, conversation] { Converse(conversation); }).detach();
  } catch (const std::system_error&) {
    Converse(conversation);  // no thread to be had: the next client waits for this one
  }
}

void Connections::Converse(const std::function<void()>& conversation) {
  owed = true;
  conversation();
  AnswerSent();
  const std::lock_guard<std::mutex> lock(mutex_);
  --open_;
  changed_.notify_all();
}

void Connections::RequestBegun() {
  if (owed) return;
  owed = true;
  const std::lock_guard<std::mutex> lock(mutex_);
  ++owed_;
}

void Connections::AnswerSent() {
  if (!owed) return;
  owed = false;
  const std::lock_guard<std::mutex> lock(mutex_);
  --owed_;
  changed_.notify_all();
}

bool Connections::WaitUntilQuiet(std::chrono::seconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return owed_ == 0; });
}

}  // namespace sample
