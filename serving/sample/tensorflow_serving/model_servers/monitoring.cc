#include "tensorflow_serving/model_servers/monitoring.h"

#include <chrono>

#include "tensorflow_serving/model_servers/monitoring_config.h"

namespace sample {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

constexpr char kPrefix[] = ":tensorflow:serving:";

std::string Head(const std::string& name, const std::string& kind) { return "# TYPE " + name + ' ' + kind + '\n'; }

// A model that is not there may be called anything.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter == '\n' ? ' ' : letter;
  }
  return quoted + '"';
}

}  // namespace

Monitoring::Monitoring(const std::string& config_file) : path_(ReadMonitoringConfig(config_file)) {}

RestAnswer Monitoring::Answer(const RestRequest& request, const std::function<RestAnswer(const RestRequest&)>& api) {
  if (path_ && request.method == "GET" && request.path == *path_) {
    RestAnswer answer;
    answer.type = "text/plain";
    answer.body = Text();
    return answer;
  }
  const auto begin = std::chrono::steady_clock::now();
  RestAnswer answer = api(request);
  const Microseconds spent = std::chrono::steady_clock::now() - begin;
  if (!answer.prediction) return answer;
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool well = answer.status == 200;
  // Names that nobody serves are a stranger's: one row for all of them, or memory would grow with each.
  const std::string model = answer.status == 404 ? "" : answer.prediction->model;
  ++counts_[{model, well ? "OK" : "ERROR"}];
  if (!well) return answer;
  request_latencies_[model].Add(spent.count());
  runtime_latencies_[model].Add(Microseconds(answer.prediction->run).count());
  return answer;
}

std::string Monitoring::Text() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string count = std::string(kPrefix) + "request_count";
  const std::string request = std::string(kPrefix) + "request_latency";
  const std::string runtime = std::string(kPrefix) + "runtime_latency";
  std::string text = Head(count, "counter");
  for (const auto& [of, number] : counts_) {
    text += count + "{model_name=" + Quoted(of.first) + ",status=\"" + of.second + "\"} " + std::to_string(number) + '\n';
  }
  text += Head(request, "histogram");
  for (const auto& [model, latencies] : request_latencies_) {
    text += latencies.Text(request, "model_name=" + Quoted(model) + ",API=\"predict\",entrypoint=\"REST\"");
  }
  text += Head(runtime, "histogram");
  for (const auto& [model, latencies] : runtime_latencies_) {
    text += latencies.Text(runtime, "model_name=" + Quoted(model) + ",API=\"Predict\",runtime=\"TF1\"");
  }
  return text;
}

}  // namespace sample
