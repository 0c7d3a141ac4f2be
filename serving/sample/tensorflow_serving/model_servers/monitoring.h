// TensorFlow Serving's metrics of predictions, by its names, as text for Prometheus.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_MONITORING_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_MONITORING_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "tensorflow_serving/model_servers/histogram.h"
#include "tensorflow_serving/model_servers/rest_api.h"

namespace sample {

class Monitoring {
 public:
  // Throws std::runtime_error where the configuration is none.
  explicit Monitoring(const std::string& config_file);

  // The metrics, if that is what is asked for; else the API's answer, counted if it was a prediction.
  RestAnswer Answer(const RestRequest& request, const std::function<RestAnswer(const RestRequest&)>& api);

 private:
  std::string Text();

  std::optional<std::string> path_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts_;  // by model and status
  std::map<std::string, Histogram> request_latencies_;                   // by model, in microseconds
  std::map<std::string, Histogram> runtime_latencies_;                   // TensorFlow's part
};

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_MONITORING_H_
