#include "tensorflow_serving/model_servers/predict_response.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

#include "tensorflow_serving/model_servers/base64.h"
#include "tensorflow_serving/model_servers/json_writer.h"
#include "tensorflow_serving/servables/failure.h"

namespace sample {
namespace {

// TensorFlow Serving's spelling: six digits if they say it all, else as many as it takes; always a decimal point; and the
// words for what is no number, although JSON has none.
template <typename Float>
std::string Decimal(Float number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  char text[40];
  std::snprintf(text, sizeof text, "%g", static_cast<double>(number));
  if (static_cast<Float>(std::strtod(text, nullptr)) != number) {
    std::snprintf(text, sizeof text, "%.*g", std::numeric_limits<Float>::max_digits10, static_cast<double>(number));
  }
  return std::strpbrk(text, ".e") == nullptr ? std::string(text) + ".0" : text;
}

template <typename Number>
std::string NumberAt(const Tensor& tensor, std::size_t index) {
  Number number;
  std::memcpy(&number, tensor.numbers.data() + index * sizeof number, sizeof number);
  if constexpr (std::is_same_v<Number, bool>) return number ? "true" : "false";
  if constexpr (std::is_floating_point_v<Number>) return Decimal(number);
  return std::to_string(number);
}

using NumberAtFunction = std::string (*)(const Tensor& tensor, std::size_t index);

NumberAtFunction NumberAtOf(TF_DataType type) {
  switch (type) {
    case TF_FLOAT:
      return NumberAt<float>;
    case TF_DOUBLE:
      return NumberAt<double>;
    case TF_INT32:
      return NumberAt<std::int32_t>;
    case TF_INT64:
      return NumberAt<std::int64_t>;
    case TF_UINT8:
      return NumberAt<std::uint8_t>;
    case TF_BOOL:
      return NumberAt<bool>;
    default:
      throw Failure(TF_INVALID_ARGUMENT, "Failed to write JSON value for tensor type: " + TypeName(type));
  }
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Writes a tensor from front to back, piece by piece.
class TensorWriter {
 public:
  TensorWriter(const std::string& name, const Tensor& tensor, JsonWriter& json)
      : tensor_(tensor), as_bytes_(EndsWith(name, "_bytes")), json_(json) {
    if (tensor.type != TF_STRING) number_at_ = NumberAtOf(tensor.type);
  }

  // The next element, or list of elements, of this level.
  void Write(std::size_t level) {
    if (level == tensor_.shape.size()) return WriteElement(next_++);
    json_.OpenLine('[');
    for (std::int64_t i = 0; i < tensor_.shape[level]; ++i) Write(level + 1);
    json_.Close();
  }

 private:
  void WriteElement(std::size_t index) {
    if (number_at_ != nullptr) {
      json_.Raw(number_at_(tensor_, index));
    } else if (as_bytes_) {
      json_.OpenLine('{').Key("b64").Text(Base64Encode(tensor_.texts[index])).Close();
    } else {
      json_.Text(tensor_.texts[index]);
    }
  }

  const Tensor& tensor_;
  const bool as_bytes_;
  NumberAtFunction number_at_ = nullptr;
  JsonWriter& json_;
  std::size_t next_ = 0;
};

std::int64_t BatchSize(const NamedTensors& outputs) {
  std::optional<std::int64_t> batch;
  for (const auto& [name, tensor] : outputs) {
    if (tensor.shape.empty()) {
      throw Failure(TF_INVALID_ARGUMENT, "Tensor name: " + name + " has no shape information ");
    }
    if (batch.value_or(tensor.shape[0]) != tensor.shape[0]) {
      throw Failure(TF_INVALID_ARGUMENT, "Tensor name: " + name + " has inconsistent batch size: " +
                                             std::to_string(tensor.shape[0]) + " expecting: " + std::to_string(*batch));
    }
    batch = tensor.shape[0];
  }
  return *batch;
}

void WriteRows(const NamedTensors& outputs, JsonWriter& json) {
  const std::int64_t rows = BatchSize(outputs);
  std::vector<std::pair<std::string, TensorWriter>> columns;
  for (const auto& [name, tensor] : outputs) columns.emplace_back(name, TensorWriter(name, tensor, json));
  json.Key("predictions").Open('[');
  for (std::int64_t row = 0; row < rows; ++row) {
    if (columns.size() > 1) json.Open('{');
    for (auto& [name, column] : columns) {
      if (columns.size() > 1) json.Key(name);
      column.Write(1);
    }
    if (columns.size() > 1) json.Close();
  }
  json.Close();
}

void WriteColumns(const NamedTensors& outputs, JsonWriter& json) {
  json.Key("outputs");
  if (outputs.size() > 1) json.Open('{');
  for (const auto& [name, tensor] : outputs) {
    if (outputs.size() > 1) json.Key(name);
    TensorWriter(name, tensor, json).Write(0);
  }
  if (outputs.size() > 1) json.Close();
}

}  // namespace

std::string PredictResponseJson(Form form, const NamedTensors& outputs) {
  if (outputs.empty()) throw Failure(TF_INVALID_ARGUMENT, "Cannot convert empty tensor map to JSON");
  JsonWriter json(4);
  json.Open('{');
  form == Form::kRow ? WriteRows(outputs, json) : WriteColumns(outputs, json);
  return json.Close().text();
}

}  // namespace sample
