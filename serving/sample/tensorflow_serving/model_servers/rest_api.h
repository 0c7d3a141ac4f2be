// TensorFlow Serving's REST API: which request gets which answer. Knows no sockets.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_REST_API_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_REST_API_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tensorflow_serving/servables/served_model.h"

namespace sample {

struct RestRequest {
  std::string method;
  std::string path;
  std::string body;
};

struct RestAnswer {
  int status = 200;
  std::string body;                          // JSON; empty outside the API
  std::optional<std::uint32_t> fingerprint;  // of a prediction's inputs
};

// `timeout` limits one run of the model.
RestAnswer Answer(const ServedModel& model, std::chrono::milliseconds timeout, const RestRequest& request);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_REST_API_H_
