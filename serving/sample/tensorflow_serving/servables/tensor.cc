#include "tensorflow_serving/servables/tensor.h"

#include <iterator>

namespace sample {

std::size_t Tensor::Size() const {
  std::size_t size = 1;
  for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
  return size;
}

std::string TypeName(TF_DataType type) {
  static constexpr const char* kNames[] = {
      "invalid",   "float",  "double",     "int32", "uint8",    "int16",   "int8",     "string",
      "complex64", "int64",  "bool",       "qint8", "quint8",   "qint32",  "bfloat16", "qint16",
      "quint16",   "uint16", "complex128", "half",  "resource", "variant", "uint32",   "uint64"};
  return type >= 0 && type < static_cast<int>(std::size(kNames)) ? kNames[type] : "type " + std::to_string(type);
}

}  // namespace sample
