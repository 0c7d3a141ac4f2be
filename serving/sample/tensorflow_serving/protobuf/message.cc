#include "tensorflow_serving/protobuf/message.h"

namespace sample {
namespace {

constexpr int kVarint = 0;
constexpr int kLength = 2;

std::uint64_t Tag(int field, int wire_type) { return static_cast<std::uint64_t>(field) << 3 | wire_type; }

}  // namespace

Message& Message::Number(int field, std::uint64_t value) {
  Varint(Tag(field, kVarint));
  Varint(value);
  return *this;
}

Message& Message::Bytes(int field, std::string_view value) {
  Varint(Tag(field, kLength));
  Varint(value.size());
  bytes_.append(value);
  return *this;
}

Message& Message::Pair(int field, std::string_view key, const Message& value) {
  return Inner(field, Message().Bytes(1, key).Inner(2, value));
}

void Message::Varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
  bytes_.push_back(static_cast<char>(value));
}

}  // namespace sample
