#include "tensorflow_serving/example/saved_model.h"

#include <cstring>
#include <string_view>

#include "tensorflow_serving/protobuf/message.h"

namespace sample {
namespace {

// Field numbers are those of TensorFlow's saved_model, meta_graph, graph, node_def, attr_value, tensor and tensor_shape.
constexpr int kFloat = 1;  // DataType DT_FLOAT

Message Type() { return Message().Number(6, kFloat); }

// A vector of any length.
Message AnyVector() { return Message().Inner(2, Message().Number(1, static_cast<std::uint64_t>(-1))); }

Message Scalar(float value) {
  static_assert(sizeof(float) == 4);
  char bytes[4];
  std::memcpy(bytes, &value, sizeof(bytes));  // this sample is built for little-endian machines only
  return Message().Number(1, kFloat).Inner(2, Message()).Bytes(4, {bytes, sizeof(bytes)});
}

Message Node(std::string_view name, std::string_view op) { return Message().Bytes(1, name).Bytes(2, op); }

Message Constant(std::string_view name, float value) {
  return Node(name, "Const").Pair(5, "dtype", Type()).Pair(5, "value", Message().Inner(8, Scalar(value)));
}

Message Binary(std::string_view name, std::string_view op, std::string_view left, std::string_view right) {
  return Node(name, op).Bytes(3, left).Bytes(3, right).Pair(5, "T", Type());
}

Message Graph() {
  const Message x = Node("x", "Placeholder").Pair(5, "dtype", Type()).Pair(5, "shape", Message().Inner(7, AnyVector()));
  return Message()
      .Inner(1, x)
      .Inner(1, Constant("a", 0.5f))
      .Inner(1, Constant("b", 2.0f))
      .Inner(1, Binary("ax", "Mul", "a", "x"))
      .Inner(1, Binary("y", "Add", "ax", "b"))
      .Inner(4, Message().Number(1, 24));  // versions: the producer of TensorFlow 1.5
}

Message Tensor(std::string_view name) {
  return Message().Bytes(1, name).Number(2, kFloat).Inner(3, AnyVector());
}

Message Signature() {
  return Message()
      .Pair(1, "x", Tensor("x:0"))
      .Pair(2, "y", Tensor("y:0"))
      .Bytes(3, "tensorflow/serving/predict");
}

}  // namespace

std::string HalfPlusTwo() {
  const Message info = Message().Bytes(4, "serve").Bytes(5, "1.5.0");
  const Message meta_graph = Message().Inner(1, info).Inner(2, Graph()).Pair(5, "serving_default", Signature());
  return Message().Number(1, 1).Inner(2, meta_graph).bytes();
}

}  // namespace sample
