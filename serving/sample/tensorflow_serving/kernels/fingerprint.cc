#include "tensorflow_serving/kernels/fingerprint.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tensorflow_serving/kernels/device.h"
#include "tensorflow_serving/kernels/kernels.h"
#include "tensorflow_serving/kernels/whole_numbers.h"

namespace sample {
namespace {

// The bytes are laid out as strips of a grey picture; a strip fits a core's cache.
constexpr std::size_t kWidth = 192;
constexpr std::size_t kHeight = 64;
constexpr std::size_t kStrip = kWidth * kHeight;

constexpr std::size_t kRows = kHeight - 2;  // what a 3x3 filter leaves of a strip
constexpr std::size_t kInner = kWidth - 2;
constexpr std::size_t kColumns = 16;

struct Weights {
  std::vector<float> filter = Pattern<float>(9, 4);
  std::vector<float> layer = Pattern<float>(kInner * kColumns, 5);
};

float Centred(char byte) { return static_cast<float>(static_cast<unsigned char>(byte) - 128); }

// A byte is at most 128, nine taps and kInner inputs have weights of at most 8: what is summed stays exact.
static_assert(128 * (9 * 8) * (kInner * 8) < 1 << 24);

}  // namespace

std::uint32_t Fingerprint(std::string_view bytes) {
  static const Weights weights;
  std::vector<float> plane(kStrip), convolved(kRows * kInner), product(kRows * kColumns);
  std::uint32_t hash = Hash(kEmptyHash, static_cast<std::uint32_t>(bytes.size()));
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kStrip, bytes.size()))) {
    const std::string_view strip = bytes.substr(0, kStrip);
    std::fill(std::transform(strip.begin(), strip.end(), plane.begin(), Centred), plane.end(), 0.0f);
    Convolve3x3(plane.data(), weights.filter.data(), convolved.data(), kHeight, kWidth);
    DeviceMatMul(convolved.data(), weights.layer.data(), product.data(), kRows, kInner, kColumns);
    hash = Checksum(hash, product);
  }
  return hash;
}

}  // namespace sample
