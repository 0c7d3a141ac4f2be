// A fixed number of places at work; who finds none waits.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_SLOTS_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_SLOTS_H_

#include <condition_variable>
#include <mutex>

namespace sample {

class Slots {
 public:
  explicit Slots(int count) : free_(count) {}

  // Holds a place while it lives.
  class Taken {
   public:
    explicit Taken(Slots& slots) : slots_(slots) {
      std::unique_lock<std::mutex> lock(slots_.mutex_);
      slots_.given_back_.wait(lock, [this] { return slots_.free_ > 0; });
      --slots_.free_;
    }
    ~Taken() {
      const std::lock_guard<std::mutex> lock(slots_.mutex_);
      ++slots_.free_;
      slots_.given_back_.notify_one();
    }

   private:
    Slots& slots_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable given_back_;
  int free_;
};

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_SLOTS_H_
