// Stands where CUDA code would: only --config=cuda compiles this file, so the GPU build differs from the CPU build.
#include <algorithm>

#include "tensorflow_serving/kernels/kernels.h"

namespace sample {
namespace {

constexpr std::size_t kTile = 16;

}  // namespace

void MatMulSimulatedGpu(const float* __restrict a, const float* __restrict b, float* __restrict c, std::size_t m,
                        std::size_t k, std::size_t n) {
  std::fill(c, c + m * n, 0.0f);
  for (std::size_t top = 0; top < m; top += kTile) {
    for (std::size_t left = 0; left < n; left += kTile) {
      const std::size_t bottom = std::min(top + kTile, m);
      const std::size_t right = std::min(left + kTile, n);
      for (std::size_t row = top; row < bottom; ++row) {
        for (std::size_t inner = 0; inner < k; ++inner) {
          const float factor = a[row * k + inner];
          for (std::size_t column = left; column < right; ++column) {
            c[row * n + column] += factor * b[inner * n + column];
          }
        }
      }
    }
  }
}

}  // namespace sample
