// Base64, as JSON carries bytes.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_BASE64_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace sample {

std::string Base64Encode(std::string_view bytes);

// Spaces and line ends are passed over and the padding may be missing; nothing for any other text.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_BASE64_H_
