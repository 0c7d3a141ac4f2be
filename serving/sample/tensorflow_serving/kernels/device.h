// What the variant computes its matrix products on: the CPU, or under --config=cuda a GPU that is only simulated.
#ifndef TENSORFLOW_SERVING_KERNELS_DEVICE_H_
#define TENSORFLOW_SERVING_KERNELS_DEVICE_H_

#include <cstddef>
#include <string_view>

namespace sample {

// "cpu device", or "simulated gpu device" in builds with --config=cuda.
std::string_view DeviceName();

// c[m x n] = a[m x k] * b[k x n] on the device.
void DeviceMatMul(const float* a, const float* b, float* c, std::size_t m, std::size_t k, std::size_t n);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_KERNELS_DEVICE_H_
