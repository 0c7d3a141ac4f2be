#include <algorithm>

#include "tensorflow_serving/kernels/kernels.h"

namespace sample {

void MatMulQuantized(const std::int8_t* __restrict a, const std::int8_t* __restrict b, std::int32_t* __restrict c,
                     std::size_t m, std::size_t k, std::size_t n) {
  std::fill(c, c + m * n, 0);
  for (std::size_t row = 0; row < m; ++row) {
    for (std::size_t inner = 0; inner < k; ++inner) {
      const std::int32_t left = a[row * k + inner];
      for (std::size_t column = 0; column < n; ++column) {
        c[row * n + column] += left * b[inner * n + column];
      }
    }
  }
}

}  // namespace sample
