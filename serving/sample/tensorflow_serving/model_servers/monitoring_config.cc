#include "tensorflow_serving/model_servers/monitoring_config.h"

#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace sample {
namespace {

constexpr char kDefaultPath[] = "/monitoring/prometheus/metrics";

std::string Read(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error("cannot read --monitoring_config_file " + file);
  return std::regex_replace(text.str(), std::regex("#[^\n]*"), "");
}

}  // namespace

std::optional<std::string> ReadMonitoringConfig(const std::string& file) {
  const std::string text = Read(file);
  std::smatch fields;
  if (!std::regex_match(text, fields, std::regex(R"(\s*prometheus_config\s*:?\s*\{([^{}]*)\}\s*)"))) {
    throw std::runtime_error("no MonitoringConfig with a prometheus_config: " + file);
  }
  std::string rest = fields[1];
  const std::regex enable(R"re(\benable\s*:\s*(true|false))re");
  const std::regex path(R"re(\bpath\s*:\s*"([^"]*)")re");
  std::smatch found;
  const bool enabled = std::regex_search(rest, found, enable) && found[1] == "true";
  rest = std::regex_replace(rest, enable, "");
  const std::string at = std::regex_search(rest, found, path) ? found[1].str() : kDefaultPath;
  rest = std::regex_replace(rest, path, "");
  if (rest.find_first_not_of(" \t\r\n,;") != std::string::npos) {
    throw std::runtime_error("unknown field in prometheus_config: " + file);
  }
  if (!enabled) return std::nullopt;
  return at;
}

}  // namespace sample
