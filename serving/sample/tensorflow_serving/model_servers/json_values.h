// From parsed JSON to the elements of a tensor.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_JSON_VALUES_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_JSON_VALUES_H_

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tensorflow_serving/servables/tensor.h"

namespace sample {

// Throws Failure for text that is no JSON, or nested deeper than any tensor.
nlohmann::json ParseJson(std::string_view text);

// {"b64": "..."}.
bool IsBase64(const nlohmann::json& value);

// The shape a nested list has if it is regular: the lengths of the first list of each level.
std::vector<std::int64_t> ShapeOf(const nlohmann::json& value);

// Appends a value or nested list of this shape to the tensor's elements. Throws Failure if it is irregular or not of the
// tensor's type.
void AppendValues(const nlohmann::json& value, const std::vector<std::int64_t>& shape, Tensor& tensor);

// For messages: the value as text, cut off where it gets long, and a shape as "[2,3]".
std::string Shown(const nlohmann::json& value);
std::string ShownShape(const std::vector<std::int64_t>& shape);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_JSON_VALUES_H_
