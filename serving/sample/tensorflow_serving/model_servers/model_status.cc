#include "tensorflow_serving/model_servers/model_status.h"

#include <cstdint>
#include <optional>

#include "tensorflow_serving/servables/model_folder.h"

namespace sample {
namespace {

constexpr std::string_view kModels = "/v1/models/";

// Names come from the request line, so they are quoted before they enter our JSON.
std::string Quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20 || byte >= 0x7f) {
      quoted += {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

Answer Failure(std::string_view status, const std::string& message) {
  return {status, "{\"error\": " + Quoted(message) + "}\n"};
}

}  // namespace

Answer AnswerRequest(const Model& model, std::string_view method, std::string_view path) {
  if (method != "GET") return Failure("405 Method Not Allowed", "Method not allowed: " + std::string(method));
  if (path.substr(0, kModels.size()) != kModels) return Failure("404 Not Found", "No such path: " + std::string(path));

  const std::string name(path.substr(kModels.size()));
  const std::optional<std::int64_t> version = name == model.name ? NewestVersion(model.base_path) : std::nullopt;
  if (!version) return Failure("404 Not Found", "Could not find any versions of model " + name);

  return {"200 OK", "{\"model_version_status\":[{\"version\":\"" + std::to_string(*version) +
                        "\",\"state\":\"AVAILABLE\",\"status\":{\"error_code\":\"OK\",\"error_message\":\"\"}}]}\n"};
}

Answer BadRequest() { return Failure("400 Bad Request", "Malformed request"); }

}  // namespace sample
