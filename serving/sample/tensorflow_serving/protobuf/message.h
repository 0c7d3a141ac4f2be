// Writes protobuf messages: just enough of the wire format for numbers, texts and messages inside messages.
#ifndef TENSORFLOW_SERVING_PROTOBUF_MESSAGE_H_
#define TENSORFLOW_SERVING_PROTOBUF_MESSAGE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace sample {

// A message as its bytes; fields are appended in the order in which they are called for.
class Message {
 public:
  Message& Number(int field, std::uint64_t value);
  // A string, bytes, or a message that is finished.
  Message& Bytes(int field, std::string_view value);
  Message& Inner(int field, const Message& value) { return Bytes(field, value.bytes_); }
  // One pair of a map from strings to messages.
  Message& Pair(int field, std::string_view key, const Message& value);

  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(std::uint64_t value);

  std::string bytes_;
};

}  // namespace sample

#endif  // TENSORFLOW_SERVING_PROTOBUF_MESSAGE_H_
