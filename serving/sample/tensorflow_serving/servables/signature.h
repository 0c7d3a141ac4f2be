// A model's signatures: which tensors a caller feeds and fetches under which names.
#ifndef TENSORFLOW_SERVING_SERVABLES_SIGNATURE_H_
#define TENSORFLOW_SERVING_SERVABLES_SIGNATURE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensorflow/c/tf_datatype.h"

namespace sample {

struct Dimension {
  std::int64_t size = 0;  // -1: any
  std::string name;
};

struct TensorInfo {
  std::string name;  // "operation:output" in the graph
  TF_DataType type{};  // DT_INVALID, which the C API does not name, where a signature names an operation
  std::vector<Dimension> shape;
  bool unknown_rank = false;
};

using TensorInfos = std::map<std::string, TensorInfo>;

struct Signature {
  TensorInfos inputs;
  TensorInfos outputs;
  std::string method_name;
};

using Signatures = std::map<std::string, Signature>;

// Reads the signatures of a serialized MetaGraphDef; throws std::runtime_error for anything else.
Signatures ReadSignatures(std::string_view meta_graph);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_SERVABLES_SIGNATURE_H_
