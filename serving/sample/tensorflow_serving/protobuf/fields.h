// Reads protobuf messages: one field after the other, without knowing the message's type.
#ifndef TENSORFLOW_SERVING_PROTOBUF_FIELDS_H_
#define TENSORFLOW_SERVING_PROTOBUF_FIELDS_H_

#include <cstdint>
#include <string_view>

namespace sample {

// Walks over the fields of a serialized message:
//   for (Fields fields(bytes); fields.Next();) if (fields.number() == 3) use(fields.bytes());
// Bytes that are no protobuf message throw std::runtime_error.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  bool Next();

  int number() const { return number_; }
  std::uint64_t value() const { return value_; }     // of a number; 0 for any other field
  std::string_view bytes() const { return bytes_; }  // of a string, bytes or message; empty for any other field

 private:
  std::uint64_t Varint();
  std::string_view Take(std::uint64_t length);

  std::string_view rest_;
  int number_ = 0;
  std::uint64_t value_ = 0;
  std::string_view bytes_;
};

}  // namespace sample

#endif  // TENSORFLOW_SERVING_PROTOBUF_FIELDS_H_
