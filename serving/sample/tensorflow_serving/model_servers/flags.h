// The command line: the part of TensorFlow Serving's that our images and manifests use.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_FLAGS_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_FLAGS_H_

#include <cstdint>
#include <string>
#include <variant>

namespace sample {

struct Flags {
  std::uint16_t port = 8500;
  std::uint16_t rest_api_port = 0;  // 0: no REST API
  int rest_api_num_threads;
  int rest_api_timeout_in_ms = 30000;
  int grpc_max_threads;
  std::string model_name = "default";
  std::string model_base_path;
  std::string monitoring_config_file;  // empty: no metrics
  int file_system_poll_wait_seconds = 1;  // 0: look once
  int tensorflow_session_parallelism = 0;
  int tensorflow_intra_op_parallelism = 0;
  int tensorflow_inter_op_parallelism = 0;
  bool version = false;
  bool help = false;

  Flags();
};

// What was wrong with the command line, as a sentence for the user.
struct FlagError {
  std::string message;
};

// Reads `--name=value` arguments, argv[0] included.
std::variant<Flags, FlagError> ParseFlags(int argc, const char* const* argv);

// One line a flag, with its default.
std::string Usage();

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_FLAGS_H_
