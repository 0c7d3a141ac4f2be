#include <algorithm>

#include "tensorflow_serving/kernels/kernels.h"

namespace sample {

void MatMul(const float* __restrict a, const float* __restrict b, float* __restrict c, std::size_t m, std::size_t k,
            std::size_t n) {
  std::fill(c, c + m * n, 0.0f);
  for (std::size_t row = 0; row < m; ++row) {
    for (std::size_t inner = 0; inner < k; ++inner) {
      // Columns innermost: every lane adds to its own sum, so GCC may vectorize without reordering additions.
      const float left = a[row * k + inner];
      for (std::size_t column = 0; column < n; ++column) {
        c[row * n + column] += left * b[inner * n + column];
      }
    }
  }
}

}  // namespace sample
