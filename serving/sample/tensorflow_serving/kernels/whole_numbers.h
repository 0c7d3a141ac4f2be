// Whole numbers held in floats. As long as they stay below 2^24 their sums and products are exact, whatever order or fused
// instruction a build computes them in: every variant gets the same bits.
#ifndef TENSORFLOW_SERVING_KERNELS_WHOLE_NUMBERS_H_
#define TENSORFLOW_SERVING_KERNELS_WHOLE_NUMBERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sample {

// Whole numbers in -8..8 that look like noise.
template <typename Number>
std::vector<Number> Pattern(std::size_t length, std::uint32_t seed) {
  std::vector<Number> numbers(length);
  for (Number& number : numbers) {
    seed = seed * 1664525u + 1013904223u;
    number = static_cast<Number>(static_cast<int>((seed >> 16) % 17u) - 8);
  }
  return numbers;
}

// FNV-1a's beginning, and one step of it.
constexpr std::uint32_t kEmptyHash = 2166136261u;
constexpr std::uint32_t Hash(std::uint32_t hash, std::uint32_t word) { return (hash ^ word) * 16777619u; }

inline std::uint32_t Checksum(std::uint32_t hash, const std::vector<float>& numbers) {
  for (const float number : numbers) hash = Hash(hash, static_cast<std::uint32_t>(static_cast<std::int32_t>(number)));
  return hash;
}

}  // namespace sample

#endif  // TENSORFLOW_SERVING_KERNELS_WHOLE_NUMBERS_H_
