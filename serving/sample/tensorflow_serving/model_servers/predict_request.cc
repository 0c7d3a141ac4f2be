#include "tensorflow_serving/model_servers/predict_request.h"

#include <set>

#include "tensorflow_serving/model_servers/json_values.h"
#include "tensorflow_serving/servables/failure.h"

namespace sample {
namespace {

Failure Malformed(const json& value, const std::string& trouble) {
  return Invalid("JSON Value: " + Shown(value) + ' ' + trouble);
}

std::string Joined(const std::set<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ",") + name;
  return joined;
}

// An object that names tensors, as opposed to {"b64": ...}, which is one value.
bool IsNamed(const json& value) { return value.is_object() && !IsBase64(value); }

// One tensor is put together from its rows, which all must look like the first.
void AddRow(const json& value, const std::string& name, const TensorInfos& infos, NamedTensors& rows, bool first) {
  const auto info = infos.find(name);
  if (info == infos.end()) throw Invalid("JSON object: does not have named input: " + name);
  Tensor& tensor = rows[name];
  const std::vector<std::int64_t> shape = ShapeOf(value);
  if (first) {
    tensor.type = info->second.type;
    tensor.shape = shape;
  }
  AppendValues(value, shape, tensor);
  if (shape != tensor.shape) {
    throw Invalid("Expecting shape " + ShownShape(tensor.shape) + " but got: " + ShownShape(shape));
  }
}

void AddObject(const json& row, std::size_t index, const TensorInfos& infos, NamedTensors& rows) {
  std::set<std::string> keys, wanted;
  const std::string element = "Failed to process element: " + std::to_string(index);
  for (const auto& [name, value] : row.items()) {
    keys.insert(name);
    try {
      AddRow(value, name, infos, rows, index == 0);
    } catch (const Failure& failure) {
      throw Invalid(element + " key: " + name + " of 'instances' list. Error: " + CodeName(failure.code()) + ": " +
                    failure.what());
    }
  }
  for (const auto& [name, info] : infos) wanted.insert(name);
  if (keys == wanted) return;
  throw Invalid(element + " of 'instances' list. JSON object: " + Shown(row) + " keys must be equal to: " +
                Joined(wanted));
}

void AddPlain(const json& row, std::size_t index, const TensorInfos& infos, NamedTensors& rows) {
  try {
    AddRow(row, infos.begin()->first, infos, rows, index == 0);
  } catch (const Failure& failure) {
    throw Invalid("Failed to process element: " + std::to_string(index) + " of 'instances' list. Error: " +
                  CodeName(failure.code()) + ": " + failure.what());
  }
}

NamedTensors ReadRows(const json& instances, const TensorInfos& infos) {
  const bool named = IsNamed(instances.front());
  if (!named && infos.size() > 1) {
    throw Invalid(
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
        "tensorinfo_map");
  }
  NamedTensors tensors;
  for (std::size_t index = 0; index < instances.size(); ++index) {
    const json& row = instances[index];
    if (named != IsNamed(row)) {
      throw Invalid((named ? "Expecting object but got list at item " : "Expecting value/list but got object at item ") +
                    std::to_string(index) + " of input list");
    }
    named ? AddObject(row, index, infos, tensors) : AddPlain(row, index, infos, tensors);
  }
  // The rows become the first dimension.
  for (auto& [name, tensor] : tensors) {
    tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(instances.size()));
  }
  return tensors;
}

Tensor ReadWhole(const json& value, TF_DataType type) {
  Tensor tensor;
  tensor.type = type;
  tensor.shape = ShapeOf(value);
  AppendValues(value, tensor.shape, tensor);
  return tensor;
}

NamedTensors ReadColumns(const json& inputs, const TensorInfos& infos) {
  if (!IsNamed(inputs)) {
    if (infos.size() > 1) {
      throw Invalid(
          "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
          "tensorinfo_map");
    }
    return {{infos.begin()->first, ReadWhole(inputs, infos.begin()->second.type)}};
  }
  NamedTensors tensors;
  for (const auto& [name, info] : infos) {
    const auto value = inputs.find(name);
    if (value == inputs.end()) throw Invalid("Missing named input: " + name + " in 'inputs' object.");
    tensors[name] = ReadWhole(*value, info.type);
  }
  return tensors;
}

std::string SignatureName(const json& body) {
  const auto name = body.find("signature_name");
  if (name == body.end()) return "";
  if (!name->is_string()) throw Malformed(body, "not formatted correctly. 'signature_name' key must be a string value.");
  return name->get<std::string>();
}

}  // namespace

PredictRequest ReadPredictRequest(std::string_view text,
                                  const std::function<const TensorInfos&(const std::string& signature)>& inputs_of) {
  const json body = ParseJson(text);
  if (!body.is_object()) throw Malformed(body, "Is not object");
  const std::string signature = SignatureName(body);
  const TensorInfos& infos = inputs_of(signature);
  if (infos.empty()) {
    throw Invalid("Failed to get input map for signature: " + (signature.empty() ? "DEFAULT" : signature));
  }

  const auto instances = body.find("instances");
  const auto inputs = body.find("inputs");
  if (instances == body.end() && inputs == body.end()) throw Invalid("Missing 'inputs' or 'instances' key");
  if (instances == body.end()) return {Form::kColumn, ReadColumns(*inputs, infos)};
  if (inputs != body.end()) {
    throw Malformed(body, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ");
  }
  if (!instances->is_array()) throw Malformed(body, "Excepting 'instances' to be an list/array");
  if (instances->empty()) throw Malformed(body, "No values in 'instances' array");
  return {Form::kRow, ReadRows(*instances, infos)};
}

}  // namespace sample
