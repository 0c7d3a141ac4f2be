#include "tensorflow_serving/servables/signature.h"

#include "tensorflow_serving/protobuf/fields.h"

namespace sample {
namespace {

// Field numbers are those of TensorFlow's meta_graph.proto and tensor_shape.proto.

Dimension ReadDimension(std::string_view bytes) {
  Dimension dimension;
  for (Fields fields(bytes); fields.Next();) {
    if (fields.number() == 1) dimension.size = static_cast<std::int64_t>(fields.value());
    if (fields.number() == 2) dimension.name = fields.bytes();
  }
  return dimension;
}

void ReadShape(std::string_view bytes, TensorInfo& info) {
  for (Fields fields(bytes); fields.Next();) {
    if (fields.number() == 2) info.shape.push_back(ReadDimension(fields.bytes()));
    if (fields.number() == 3) info.unknown_rank = fields.value() != 0;
  }
}

TensorInfo ReadTensorInfo(std::string_view bytes) {
  TensorInfo info;
  for (Fields fields(bytes); fields.Next();) {
    if (fields.number() == 1) info.name = fields.bytes();
    if (fields.number() == 2) info.type = static_cast<TF_DataType>(fields.value());
    if (fields.number() == 3) ReadShape(fields.bytes(), info);
  }
  return info;
}

// One entry of a map from strings to messages.
template <typename Value>
void ReadEntry(std::string_view bytes, Value (*read)(std::string_view), std::map<std::string, Value>& map) {
  std::string key;
  std::string_view value;
  for (Fields fields(bytes); fields.Next();) {
    if (fields.number() == 1) key = fields.bytes();
    if (fields.number() == 2) value = fields.bytes();
  }
  map[key] = read(value);
}

Signature ReadSignature(std::string_view bytes) {
  Signature signature;
  for (Fields fields(bytes); fields.Next();) {
    if (fields.number() == 1) ReadEntry(fields.bytes(), ReadTensorInfo, signature.inputs);
    if (fields.number() == 2) ReadEntry(fields.bytes(), ReadTensorInfo, signature.outputs);
    if (fields.number() == 3) signature.method_name = fields.bytes();
  }
  return signature;
}

}  // namespace

Signatures ReadSignatures(std::string_view meta_graph) {
  Signatures signatures;
  for (Fields fields(meta_graph); fields.Next();) {
    if (fields.number() == 5) ReadEntry(fields.bytes(), ReadSignature, signatures);
  }
  return signatures;
}

}  // namespace sample
