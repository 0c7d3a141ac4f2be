#include <algorithm>
#include <cmath>

#include "tensorflow_serving/kernels/kernels.h"

namespace sample {

void Softmax(std::vector<float>& scores) {
  if (scores.empty()) return;
  // Subtracting the largest score keeps exp() from overflowing and leaves the quotient as it was.
  const float largest = *std::max_element(scores.begin(), scores.end());
  float sum = 0.0f;
  for (float& score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  for (float& score : scores) score /= sum;
}

}  // namespace sample
