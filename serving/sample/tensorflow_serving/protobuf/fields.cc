#include "tensorflow_serving/protobuf/fields.h"

#include <stdexcept>

namespace sample {

bool Fields::Next() {
  if (rest_.empty()) return false;
  const std::uint64_t tag = Varint();
  number_ = static_cast<int>(tag >> 3);
  value_ = 0;
  bytes_ = {};
  switch (tag & 7) {
    case 0:
      value_ = Varint();
      return true;
    case 1:
      Take(8);
      return true;
    case 2:
      bytes_ = Take(Varint());
      return true;
    case 5:
      Take(4);
      return true;
    default:
      throw std::runtime_error("not a protobuf message");
  }
}

std::uint64_t Fields::Varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(Take(1)[0]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw std::runtime_error("not a protobuf message: a number of more than 64 bits");
}

std::string_view Fields::Take(std::uint64_t length) {
  if (length > rest_.size()) throw std::runtime_error("not a protobuf message: it ends too early");
  const std::string_view taken = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return taken;
}

}  // namespace sample
