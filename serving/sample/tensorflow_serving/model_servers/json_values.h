// From parsed JSON to the elements of a tensor. All of it is here and not in a .cc file, so that one translation unit only
// reads nlohmann/json.hpp, which takes seconds.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_JSON_VALUES_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_JSON_VALUES_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tensorflow_serving/model_servers/base64.h"
#include "tensorflow_serving/servables/failure.h"
#include "tensorflow_serving/servables/tensor.h"

namespace sample {

using nlohmann::json;

// TensorFlow's tensors have at most 254 dimensions, and there is an object around them. With more it would end the process;
// and code here that recurses relies on the limit.
inline constexpr int kDeepest = 255;
inline constexpr std::size_t kLongestShown = 400;

inline Failure Invalid(const std::string& message) { return Failure(TF_INVALID_ARGUMENT, message); }

// For messages: the value as text, cut off where it gets long.
inline std::string Shown(const json& value) {
  std::string text = value.dump(4);
  if (text.size() <= kLongestShown) return text;
  std::size_t end = kLongestShown;
  while ((text[end] & 0xC0) == 0x80) --end;  // not in the middle of a character
  return text.substr(0, end) + "...";
}

// A shape as "[2,3]".
inline std::string ShownShape(const std::vector<std::int64_t>& shape) {
  std::string shown = "[";
  for (const std::int64_t extent : shape) shown += (shown.size() > 1 ? "," : "") + std::to_string(extent);
  return shown + ']';
}

// {"b64": "..."}.
inline bool IsBase64(const json& value) {
  return value.is_object() && value.size() == 1 && value.contains("b64") && value["b64"].is_string();
}

inline void CheckDepth(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (c == '\\' && quoted) ++i;
    if (quoted) continue;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > kDeepest) {
      throw Invalid("JSON Parse error: Nested deeper than " + std::to_string(kDeepest) + " levels. at offset: " +
                    std::to_string(i));
    }
  }
}

// Throws Failure for text that is no JSON, or nested deeper than any tensor.
inline json ParseJson(std::string_view text) {
  if (text.empty()) throw Invalid("JSON Parse error: The document is empty");
  CheckDepth(text);
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    throw Invalid("JSON Parse error: Invalid value. at offset: " + std::to_string(error.byte - (error.byte > 0)));
  } catch (const json::out_of_range&) {
    throw Invalid("JSON Parse error: Number too big to be stored in double.");
  }
}

inline std::string Kind(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "Null";
    case json::value_t::boolean:
      return value.get<bool>() ? "True" : "False";
    case json::value_t::object:
      return "Object";
    case json::value_t::array:
      return "Array";
    case json::value_t::string:
      return "String";
    default:
      return "Number";
  }
}

inline Failure WrongType(const json& value, TF_DataType type) {
  return Invalid("JSON Value: " + Shown(value) + " Type: " + Kind(value) + " is not of expected type: " +
                 TypeName(type));
}

// A whole number must be exact in the floating-point type; any other need only be within its range.
template <typename Float>
bool Fits(const json& value) {
  constexpr std::int64_t kMost = (std::int64_t{1} << std::numeric_limits<Float>::digits) - 1;
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMost);
  if (value.is_number_integer()) return value.get<std::int64_t>() >= -kMost && value.get<std::int64_t>() <= kMost;
  return std::abs(value.get<double>()) <= static_cast<double>(std::numeric_limits<Float>::max());
}

template <typename Integer>
bool Holds(const json& value) {
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
  }
  if constexpr (std::is_unsigned_v<Integer>) return false;  // what is not unsigned is negative
  return value.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<Integer>::min()) &&
         value.get<std::int64_t>() <= static_cast<std::int64_t>(std::numeric_limits<Integer>::max());
}

template <typename Number>
void AppendNumber(const json& value, Tensor& tensor) {
  Number number{};
  if constexpr (std::is_same_v<Number, bool>) {
    if (!value.is_boolean()) throw WrongType(value, tensor.type);
    number = value.get<bool>();
  } else if constexpr (std::is_floating_point_v<Number>) {
    if (!value.is_number()) throw WrongType(value, tensor.type);
    if (!Fits<Number>(value)) {
      throw Invalid("Cannot convert JSON value: " + Shown(value) + " to " + TypeName(tensor.type) +
                    " without loss of precision.");
    }
    number = value.get<Number>();
  } else {
    if (!value.is_number_integer() || !Holds<Number>(value)) throw WrongType(value, tensor.type);
    number = value.get<Number>();
  }
  tensor.numbers.append(reinterpret_cast<const char*>(&number), sizeof number);
}

inline void AppendText(const json& value, Tensor& tensor) {
  if (value.is_string()) {
    tensor.texts.push_back(value.get<std::string>());
    return;
  }
  if (!value.is_object()) throw WrongType(value, tensor.type);
  if (!IsBase64(value)) throw Invalid("JSON Value: " + Shown(value) + " not formatted correctly for base64 data");
  std::optional<std::string> bytes = Base64Decode(value["b64"].get_ref<const std::string&>());
  if (!bytes) throw Invalid("Unable to base64 decode");
  tensor.texts.push_back(std::move(*bytes));
}

using Append = void (*)(const json& value, Tensor& tensor);

inline Append AppenderOf(TF_DataType type) {
  switch (type) {
    case TF_STRING:
      return AppendText;
    case TF_FLOAT:
      return AppendNumber<float>;
    case TF_DOUBLE:
      return AppendNumber<double>;
    case TF_INT32:
      return AppendNumber<std::int32_t>;
    case TF_INT64:
      return AppendNumber<std::int64_t>;
    case TF_UINT8:
      return AppendNumber<std::uint8_t>;
    case TF_BOOL:
      return AppendNumber<bool>;
    default:
      throw Failure(TF_UNIMPLEMENTED, "Conversion of JSON Value to type: " + TypeName(type));
  }
}

inline void AppendLevel(const json& value, const std::vector<std::int64_t>& shape, std::size_t level, Append append,
                        Tensor& tensor) {
  if (!value.is_array()) {
    if (level != shape.size()) {
      throw Invalid("JSON Value: " + Shown(value) + " found at incorrect level: " + std::to_string(level + 1) +
                    " in the JSON DOM. Expected at level: " + std::to_string(shape.size()));
    }
    append(value, tensor);
    return;
  }
  if (level >= shape.size()) {
    throw Invalid("Encountered list at unexpected level: " + std::to_string(level) + " expected < " +
                  std::to_string(shape.size()));
  }
  if (value.size() != static_cast<std::size_t>(shape[level])) {
    throw Invalid("Encountered list at unexpected size: " + std::to_string(value.size()) + " at level: " +
                  std::to_string(level) + " expected size: " + std::to_string(shape[level]));
  }
  for (const json& element : value) AppendLevel(element, shape, level + 1, append, tensor);
}

// The shape a nested list has if it is regular: the lengths of the first list of each level.
inline std::vector<std::int64_t> ShapeOf(const json& value) {
  std::vector<std::int64_t> shape;
  for (const json* level = &value; level->is_array(); level = &level->front()) {
    shape.push_back(static_cast<std::int64_t>(level->size()));
    if (level->empty()) break;
  }
  return shape;
}

// Appends a value or nested list of this shape to the tensor's elements. Throws Failure if it is irregular or not of the
// tensor's type.
inline void AppendValues(const json& value, const std::vector<std::int64_t>& shape, Tensor& tensor) {
  AppendLevel(value, shape, 0, AppenderOf(tensor.type), tensor);
}

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_JSON_VALUES_H_
