// The command line: the part of TensorFlow Serving's that our images and manifests use.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_FLAGS_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_FLAGS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace sample {

struct Flags {
  std::uint16_t port = 8500;
  std::uint16_t rest_api_port = 0;  // 0: no REST API
  std::string model_name = "default";
  std::string model_base_path;
  bool version = false;
};

// What was wrong with the command line, as a sentence for the user.
struct FlagError {
  std::string message;
};

// Reads `--name=value` arguments, argv[0] excluded.
std::variant<Flags, FlagError> ParseFlags(int argc, const char* const* argv);

// One line a flag, for the user who got it wrong.
std::string_view Usage();

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_FLAGS_H_
