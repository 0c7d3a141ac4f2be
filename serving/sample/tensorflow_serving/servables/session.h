// A loaded SavedModel, ready to run. The only file that calls TensorFlow.
#ifndef TENSORFLOW_SERVING_SERVABLES_SESSION_H_
#define TENSORFLOW_SERVING_SERVABLES_SESSION_H_

#include <chrono>
#include <memory>
#include <string>

#include "tensorflow_serving/servables/signature.h"
#include "tensorflow_serving/servables/tensor.h"

namespace sample {

// Threads of TensorFlow's two pools; 0 lets TensorFlow choose.
struct Parallelism {
  int intra_op = 0;
  int inter_op = 0;
};

class Session {
 public:
  // Loads the graph tagged `serve` from a version's folder. Throws Failure.
  Session(const std::string& version, const Parallelism& parallelism);
  ~Session();

  const Signatures& signatures() const { return signatures_; }

  // Feeds and fetches by the signature's names. Any number of threads may run at once. Throws Failure.
  NamedTensors Run(const Signature& signature, const NamedTensors& inputs, std::chrono::milliseconds timeout) const;

 private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
  Signatures signatures_;
};

// TensorFlow's own version.
const char* LibraryVersion();

}  // namespace sample

#endif  // TENSORFLOW_SERVING_SERVABLES_SESSION_H_
