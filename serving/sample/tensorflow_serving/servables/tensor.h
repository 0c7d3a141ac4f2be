// A tensor in plain memory: what JSON is read into and written from. TensorFlow's own tensors stay inside session.cc.
#ifndef TENSORFLOW_SERVING_SERVABLES_TENSOR_H_
#define TENSORFLOW_SERVING_SERVABLES_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tensorflow/c/tf_datatype.h"

namespace sample {

struct Tensor {
  TF_DataType type = TF_FLOAT;
  std::vector<std::int64_t> shape;
  std::string numbers;             // the elements as they lie in memory; empty for strings
  std::vector<std::string> texts;  // the elements of a tensor of strings; empty for numbers

  // How many elements the shape asks for.
  std::size_t Size() const;
};

using NamedTensors = std::map<std::string, Tensor>;

// TensorFlow's short name, e.g. "float"; the protobuf name is "DT_" and this in capitals.
std::string TypeName(TF_DataType type);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_SERVABLES_TENSOR_H_
