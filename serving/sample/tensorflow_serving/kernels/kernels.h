// Dense kernels on row-major arrays: the few that an image classifier is made of.
// No intrinsics, no target attributes, no runtime dispatch: a build without vector flags must contain no AVX.
#ifndef TENSORFLOW_SERVING_KERNELS_KERNELS_H_
#define TENSORFLOW_SERVING_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sample {

// c[m x n] = a[m x k] * b[k x n].
void MatMul(const float* a, const float* b, float* c, std::size_t m, std::size_t k, std::size_t n);

// The same product in int8, summed in int32: the arithmetic of a quantized layer.
void MatMulQuantized(const std::int8_t* a, const std::int8_t* b, std::int32_t* c, std::size_t m, std::size_t k,
                     std::size_t n);

// output[(height-2) x (width-2)] = image[height x width] under a 3x3 filter, without padding.
void Convolve3x3(const float* image, const float* filter, float* output, std::size_t height, std::size_t width);

// Turns scores into probabilities, in place.
void Softmax(std::vector<float>& scores);

// MatMul in 16x16 tiles, as a grid of thread blocks would do it. Only in builds with --config=cuda.
void MatMulSimulatedGpu(const float* a, const float* b, float* c, std::size_t m, std::size_t k, std::size_t n);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_KERNELS_KERNELS_H_
