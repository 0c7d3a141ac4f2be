// Runs every kernel once on known data, before the server answers anyone.
#ifndef TENSORFLOW_SERVING_KERNELS_SELF_CHECK_H_
#define TENSORFLOW_SERVING_KERNELS_SELF_CHECK_H_

#include <cstdint>
#include <optional>

namespace sample {

// A checksum of the kernels' results, or nothing if they contradict each other. The inputs are small whole numbers,
// exact in float, so every build gives the same checksum: with or without FMA, on either device.
std::optional<std::uint32_t> SelfCheck();

}  // namespace sample

#endif  // TENSORFLOW_SERVING_KERNELS_SELF_CHECK_H_
