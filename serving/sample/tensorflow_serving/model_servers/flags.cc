#include "tensorflow_serving/model_servers/flags.h"

#include <charconv>
#include <system_error>

namespace sample {
namespace {

// Each reader returns whether `value` is one of its kind.
bool Read(std::string_view value, std::uint16_t& port) {
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, port);
  return error == std::errc() && rest == end;
}

bool Read(std::string_view value, std::string& text) {
  text = value;
  return !text.empty();
}

bool Read(std::string_view value, bool& truth) {
  truth = value == "true";
  return truth || value == "false";
}

enum class Outcome { kRead, kBadValue, kUnknown };

Outcome Assign(std::string_view name, std::string_view value, Flags& flags) {
  const auto read = [value](auto& field) { return Read(value, field) ? Outcome::kRead : Outcome::kBadValue; };
  if (name == "--port") return read(flags.port);
  if (name == "--rest_api_port") return read(flags.rest_api_port);
  if (name == "--model_name") return read(flags.model_name);
  if (name == "--model_base_path") return read(flags.model_base_path);
  if (name == "--version") return read(flags.version);
  return Outcome::kUnknown;
}

}  // namespace

std::variant<Flags, FlagError> ParseFlags(int argc, const char* const* argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const bool has_value = equals != std::string_view::npos;
    const std::string_view name = argument.substr(0, equals);
    // A bare name is a truth, as in TensorFlow Serving: `--version` alone means `--version=true`.
    const std::string_view value = has_value ? argument.substr(equals + 1) : "true";

    const Outcome outcome = Assign(name, value, flags);
    if (outcome == Outcome::kUnknown) return FlagError{"unknown argument: " + std::string(argument)};
    if (!has_value && name != "--version") return FlagError{"no value: write " + std::string(name) + "=VALUE"};
    if (outcome == Outcome::kBadValue) return FlagError{"bad value: " + std::string(argument)};
  }
  if (!flags.version && flags.model_base_path.empty()) return FlagError{"--model_base_path is missing"};
  return flags;
}

std::string_view Usage() {
  return "usage: tensorflow_model_server --model_base_path=PATH [FLAGS]\n"
         "  --port=8500            gRPC port; accepted, not served by the sample\n"
         "  --rest_api_port=0      REST port; 0 means no REST API\n"
         "  --model_name=default   name under which the model is served\n"
         "  --model_base_path=PATH folder with one numeric folder a version\n"
         "  --version              say what this is and stop\n";
}

}  // namespace sample
