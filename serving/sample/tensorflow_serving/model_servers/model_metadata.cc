#include "tensorflow_serving/model_servers/model_metadata.h"

#include <algorithm>
#include <cctype>

#include "tensorflow_serving/model_servers/json_writer.h"

namespace sample {
namespace {

std::string ProtoName(TF_DataType type) {
  std::string name = "DT_" + TypeName(type);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

void WriteTensorInfos(JsonWriter& json, const TensorInfos& infos) {
  json.Open('{');
  for (const auto& [name, info] : infos) {
    json.Key(name).Open('{').Key("dtype").Text(ProtoName(info.type));
    json.Key("tensor_shape").Open('{').Key("dim").Open('[');
    for (const Dimension& dimension : info.shape) {
      json.Open('{').Key("size").Text(std::to_string(dimension.size)).Key("name").Text(dimension.name).Close();
    }
    json.Close().Key("unknown_rank").Raw(info.unknown_rank ? "true" : "false").Close();
    json.Key("name").Text(info.name).Close();
  }
  json.Close();
}

}  // namespace

std::string ModelMetadataJson(const std::string& name, const LoadedVersion& version) {
  JsonWriter json(1);
  json.Open('{').Key("model_spec").Open('{').Key("name").Text(name).Key("signature_name").Text("");
  json.Key("version").Text(std::to_string(version.number)).Close();
  // The inner "signature_def" is the field of the message SignatureDefMap, the outer one its key in `metadata`.
  json.Key("metadata").Open('{').Key("signature_def").Open('{').Key("signature_def").Open('{');
  for (const auto& [key, signature] : version.session->signatures()) {
    json.Key(key).Open('{').Key("inputs");
    WriteTensorInfos(json, signature.inputs);
    json.Key("outputs");
    WriteTensorInfos(json, signature.outputs);
    json.Key("method_name").Text(signature.method_name).Key("defaults").Open('{').Close().Close();
  }
  return json.Close().Close().Close().Close().text() + '\n';
}

}  // namespace sample
