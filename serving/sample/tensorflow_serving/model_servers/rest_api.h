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

// What metrics tell of a call of the model.
struct Prediction {
  std::string model;
  std::chrono::microseconds run{0};  // TensorFlow's part; 0 if it was not reached
};

struct RestAnswer {
  int status = 200;
  std::string body;                          // empty outside the API
  const char* type = "application/json";
  std::optional<std::uint32_t> fingerprint;  // of a prediction's inputs
  std::optional<Prediction> prediction;
};

// `timeout` limits one run of the model.
RestAnswer Answer(const ServedModel& model, std::chrono::milliseconds timeout, const RestRequest& request);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_REST_API_H_
