#include "tensorflow_serving/model_servers/flags.h"

#include <sched.h>

#include <charconv>
#include <string_view>
#include <system_error>
#include <vector>

namespace sample {
namespace {

// The CPUs this process may run on, as TensorFlow Serving counts them.
int SchedulableCpus() {
  cpu_set_t cpus;
  return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 4;
}

struct Flag {
  std::string_view name;
  std::variant<std::uint16_t Flags::*, int Flags::*, std::string Flags::*, bool Flags::*> field;
  std::string_view help;
};

const std::vector<Flag>& AllFlags() {
  static const std::vector<Flag> flags = {
      {"port", &Flags::port, "gRPC port; accepted, not served by the sample"},
      {"rest_api_port", &Flags::rest_api_port, "REST port; 0 means no REST API"},
      {"rest_api_num_threads", &Flags::rest_api_num_threads, "requests worked on at once"},
      {"rest_api_timeout_in_ms", &Flags::rest_api_timeout_in_ms, "limit for one run of the model; 0 means none"},
      {"grpc_max_threads", &Flags::grpc_max_threads, "accepted, without effect in the sample"},
      {"model_name", &Flags::model_name, "name under which the model is served"},
      {"model_base_path", &Flags::model_base_path, "folder with one numeric folder a version (required)"},
      {"monitoring_config_file", &Flags::monitoring_config_file, "turns metrics on, and says at which path they are"},
      {"file_system_poll_wait_seconds", &Flags::file_system_poll_wait_seconds, "time between looks for a new version"},
      {"tensorflow_session_parallelism", &Flags::tensorflow_session_parallelism, "both of the next two"},
      {"tensorflow_intra_op_parallelism", &Flags::tensorflow_intra_op_parallelism, "threads of one operation; 0: auto"},
      {"tensorflow_inter_op_parallelism", &Flags::tensorflow_inter_op_parallelism, "operations at once; 0: auto"},
      {"version", &Flags::version, "say what this is and stop"},
      {"help", &Flags::help, "say this and stop"},
  };
  return flags;
}

// Each reader returns whether `text` is one of its kind.
template <typename Number>
bool Read(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end && number >= 0;
}

bool Read(std::string_view text, std::string& value) {
  value = text;
  return !text.empty();
}

bool Read(std::string_view text, bool& truth) {
  truth = text == "true";
  return truth || text == "false";
}

std::string Shown(std::uint16_t number) { return std::to_string(number); }
std::string Shown(int number) { return std::to_string(number); }
std::string Shown(const std::string& text) { return '"' + text + '"'; }
std::string Shown(bool truth) { return truth ? "true" : "false"; }

const Flag* Find(std::string_view name) {
  for (const Flag& flag : AllFlags()) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

}  // namespace

// TensorFlow Serving's own defaults.
Flags::Flags() : rest_api_num_threads(4 * SchedulableCpus()), grpc_max_threads(4 * SchedulableCpus()) {}

std::variant<Flags, FlagError> ParseFlags(int argc, const char* const* argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const Flag* flag = argument.substr(0, 2) == "--" ? Find(argument.substr(2, equals - 2)) : nullptr;
    if (flag == nullptr) return FlagError{"unknown argument: " + std::string(argument)};

    // A bare name is a truth: `--version` alone means `--version=true`.
    const bool is_truth = std::holds_alternative<bool Flags::*>(flag->field);
    if (equals == std::string_view::npos && !is_truth) {
      return FlagError{"no value: write " + std::string(argument) + "=VALUE"};
    }
    const std::string_view value = equals == std::string_view::npos ? "true" : argument.substr(equals + 1);
    if (!std::visit([&](auto field) { return Read(value, flags.*field); }, flag->field)) {
      return FlagError{"bad value: " + std::string(argument)};
    }
  }
  if (flags.rest_api_num_threads == 0) return FlagError{"bad value: --rest_api_num_threads=0"};
  if (!flags.version && !flags.help && flags.model_base_path.empty()) return FlagError{"--model_base_path is missing"};
  return flags;
}

std::string Usage() {
  const Flags defaults;
  std::string usage = "usage: tensorflow_model_server --model_base_path=PATH [FLAGS]\nFlags, with their defaults:\n";
  for (const Flag& flag : AllFlags()) {
    std::string line = "  --" + std::string(flag.name) + '=';
    line += std::visit([&](auto field) { return Shown(defaults.*field); }, flag.field);
    line.resize(line.size() < 42 ? 42 : line.size() + 1, ' ');
    usage += line + std::string(flag.help) + '\n';
  }
  return usage;
}

}  // namespace sample
