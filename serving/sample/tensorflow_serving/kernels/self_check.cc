#include "tensorflow_serving/kernels/self_check.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "tensorflow_serving/kernels/device.h"
#include "tensorflow_serving/kernels/kernels.h"
#include "tensorflow_serving/kernels/whole_numbers.h"

namespace sample {
namespace {

// Not multiples of any vector width, so the loops' remainders are checked too.
constexpr std::size_t kRows = 37;
constexpr std::size_t kInner = 53;
constexpr std::size_t kColumns = 61;

bool SameNumbers(const std::vector<float>& floats, const std::vector<std::int32_t>& integers) {
  for (std::size_t i = 0; i < floats.size(); ++i) {
    if (floats[i] != static_cast<float>(integers[i])) return false;
  }
  return floats.size() == integers.size();
}

}  // namespace

std::optional<std::uint32_t> SelfCheck() {
  std::vector<float> product(kRows * kColumns);
  DeviceMatMul(Pattern<float>(kRows * kInner, 1).data(), Pattern<float>(kInner * kColumns, 2).data(), product.data(),
               kRows, kInner, kColumns);

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

  return Checksum(Checksum(kEmptyHash, product), convolved);
}

}  // namespace sample
