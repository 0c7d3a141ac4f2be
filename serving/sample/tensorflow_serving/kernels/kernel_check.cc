// The kernels alone, without a server and without TensorFlow: built in seconds wherever only the building matters.
#include <cstdint>
#include <cstdio>
#include <optional>

#include "tensorflow_serving/kernels/device.h"
#include "tensorflow_serving/kernels/self_check.h"

int main() {
  const std::optional<std::uint32_t> checksum = sample::SelfCheck();
  if (!checksum) {
    std::fprintf(stderr, "self-check failed: the kernels contradict each other on this machine\n");
    return 1;
  }
  std::printf("%08x on a %s\n", *checksum, sample::DeviceName().data());
}
