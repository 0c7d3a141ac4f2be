// The sample server, not TensorFlow Serving: same label, same flags, same status JSON, no models. See README.md.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <variant>

#include "tensorflow_serving/kernels/self_check.h"
#include "tensorflow_serving/model_servers/flags.h"
#include "tensorflow_serving/model_servers/http_server.h"

namespace {

int Serve(const sample::Flags& flags) {
  const int stop = sample::CatchStopSignals();

  const std::optional<std::uint32_t> checksum = sample::SelfCheck();
  if (!checksum) {
    std::cerr << "self-check failed: the kernels contradict each other on this machine\n";
    return 1;
  }
  std::fprintf(stderr, "self-check passed: %08x\n", *checksum);

  const int listener = flags.rest_api_port == 0 ? -1 : sample::Listen(flags.rest_api_port);
  if (listener != -1) std::cerr << "REST API on port " << flags.rest_api_port << '\n';
  std::cerr << "gRPC port " << flags.port << " accepted, not served by the sample\n";

  sample::ServeUntil(stop, listener, {flags.model_name, flags.model_base_path});
  std::cerr << "stopped\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = sample::ParseFlags(argc, argv);
  if (const auto* error = std::get_if<sample::FlagError>(&parsed)) {
    std::cerr << error->message << '\n' << sample::Usage();
    return 1;
  }
  const auto& flags = std::get<sample::Flags>(parsed);
  if (flags.version) {
    std::cout << "the sample server, not TensorFlow Serving\n" << sample::DeviceName() << '\n';
    return 0;
  }
  try {
    return Serve(flags);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
