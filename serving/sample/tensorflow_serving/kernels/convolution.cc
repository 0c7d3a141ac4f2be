#include "tensorflow_serving/kernels/kernels.h"

namespace sample {

void Convolve3x3(const float* __restrict image, const float* __restrict filter, float* __restrict output,
                 std::size_t height, std::size_t width) {
  const std::size_t columns = width - 2;
  for (std::size_t y = 0; y + 2 < height; ++y) {
    const float* above = image + y * width;
    const float* middle = above + width;
    const float* below = middle + width;
    for (std::size_t x = 0; x < columns; ++x) {
      output[y * columns + x] = above[x] * filter[0] + above[x + 1] * filter[1] + above[x + 2] * filter[2] +
                                middle[x] * filter[3] + middle[x + 1] * filter[4] + middle[x + 2] * filter[5] +
                                below[x] * filter[6] + below[x + 1] * filter[7] + below[x + 2] * filter[8];
    }
  }
}

}  // namespace sample
