#include "tensorflow_serving/model_servers/model_status.h"

#include "tensorflow_serving/model_servers/json_writer.h"
#include "tensorflow_serving/servables/failure.h"

namespace sample {
namespace {

const char* StateName(VersionState state) {
  switch (state) {
    case VersionState::kLoading:
      return "LOADING";
    case VersionState::kAvailable:
      return "AVAILABLE";
    case VersionState::kEnd:
      break;
  }
  return "END";
}

}  // namespace

std::string ModelStatusJson(const std::map<std::int64_t, VersionStatus>& statuses) {
  JsonWriter json(1);
  json.Open('{').Key("model_version_status").Open('[');
  for (const auto& [number, status] : statuses) {
    json.Open('{').Key("version").Text(std::to_string(number)).Key("state").Text(StateName(status.state));
    json.Key("status").Open('{').Key("error_code").Text(CodeName(status.code));
    json.Key("error_message").Text(status.message).Close().Close();
  }
  return json.Close().Close().text() + '\n';
}

}  // namespace sample
