// The file of --monitoring_config_file: TensorFlow Serving's MonitoringConfig as text.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_MONITORING_CONFIG_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_MONITORING_CONFIG_H_

#include <optional>
#include <string>

namespace sample {

// The path of the REST API at which Prometheus' text is; none where it is not enabled. Throws std::runtime_error where the
// file cannot be read or is something else.
std::optional<std::string> ReadMonitoringConfig(const std::string& file);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_MONITORING_CONFIG_H_
