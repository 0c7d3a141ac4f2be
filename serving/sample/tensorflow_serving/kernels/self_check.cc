#include "tensorflow_serving/kernels/self_check.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "tensorflow_serving/kernels/kernels.h"

namespace sample {
namespace {

// Not multiples of any vector width, so the loops' remainders are checked too.
constexpr std::size_t kRows = 37;
constexpr std::size_t kInner = 53;
constexpr std::size_t kColumns = 61;

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

bool SameNumbers(const std::vector<float>& floats, const std::vector<std::int32_t>& integers) {
  for (std::size_t i = 0; i < floats.size(); ++i) {
    if (floats[i] != static_cast<float>(integers[i])) return false;
  }
  return floats.size() == integers.size();
}

// FNV-1a over whole numbers held in floats.
std::uint32_t Checksum(std::uint32_t hash, const std::vector<float>& numbers) {
  for (float number : numbers) {
    hash = (hash ^ static_cast<std::uint32_t>(static_cast<std::int32_t>(number))) * 16777619u;
  }
  return hash;
}

std::vector<float> DeviceMatMul(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> product(kRows * kColumns);
#ifdef SAMPLE_USING_CUDA
  MatMulSimulatedGpu(a.data(), b.data(), product.data(), kRows, kInner, kColumns);
#else
  MatMul(a.data(), b.data(), product.data(), kRows, kInner, kColumns);
#endif
  return product;
}

}  // namespace

std::string_view DeviceName() {
#ifdef SAMPLE_USING_CUDA
  return "simulated gpu device";
#else
  return "cpu device";
#endif
}

std::optional<std::uint32_t> SelfCheck() {
  const std::vector<float> product =
      DeviceMatMul(Pattern<float>(kRows * kInner, 1), Pattern<float>(kInner * kColumns, 2));

  std::vector<std::int32_t> quantized(kRows * kColumns);
  MatMulQuantized(Pattern<std::int8_t>(kRows * kInner, 1).data(), Pattern<std::int8_t>(kInner * kColumns, 2).data(),
                  quantized.data(), kRows, kInner, kColumns);
  if (!SameNumbers(product, quantized)) return std::nullopt;

  std::vector<float> convolved((kRows - 2) * (kColumns - 2));
  Convolve3x3(product.data(), Pattern<float>(9, 3).data(), convolved.data(), kRows, kColumns);

  std::vector<float> probabilities(product.begin(), product.begin() + kColumns);
  Softmax(probabilities);
  const float total = std::accumulate(probabilities.begin(), probabilities.end(), 0.0f);
  if (!(std::abs(total - 1.0f) < 1e-4f)) return std::nullopt;

  return Checksum(Checksum(2166136261u, product), convolved);
}

}  // namespace sample
