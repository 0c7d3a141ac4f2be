// The server's own work in every request: a small neural layer over the request's bytes, reduced to one number.
#ifndef TENSORFLOW_SERVING_KERNELS_FINGERPRINT_H_
#define TENSORFLOW_SERVING_KERNELS_FINGERPRINT_H_

#include <cstdint>
#include <string_view>

namespace sample {

// The same bytes give the same number in every variant, so that two servers can be seen to have got the same input; how
// long it takes is what the variant's instructions make of it.
std::uint32_t Fingerprint(std::string_view bytes);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_KERNELS_FINGERPRINT_H_
