#include "tensorflow_serving/kernels/device.h"

#include "tensorflow_serving/kernels/kernels.h"

namespace sample {

std::string_view DeviceName() {
#ifdef SAMPLE_USING_CUDA
  return "simulated gpu device";
#else
  return "cpu device";
#endif
}

void DeviceMatMul(const float* a, const float* b, float* c, std::size_t m, std::size_t k, std::size_t n) {
#ifdef SAMPLE_USING_CUDA
  MatMulSimulatedGpu(a, b, c, m, k, n);
#else
  MatMul(a, b, c, m, k, n);
#endif
}

}  // namespace sample
