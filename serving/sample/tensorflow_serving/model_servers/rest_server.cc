#include "tensorflow_serving/model_servers/rest_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "tensorflow_serving/model_servers/connections.h"
#include "tensorflow_serving/model_servers/slots.h"

namespace sample {
namespace {

constexpr char kServer[] = "sample server, not TensorFlow Serving";
constexpr int kKeepAliveSeconds = 30;
constexpr std::size_t kRequestsPerConnection = 1000000;
// Longer than a busy client takes to ask again, and than an answer takes to be written.
constexpr std::chrono::milliseconds kFarewell(200);

// The library's name for where accepted connections go.
class Conversations : public httplib::TaskQueue {
 public:
  explicit Conversations(Connections& connections) : connections_(connections) {}
  void enqueue(std::function<void()> conversation) override { connections_.Open(std::move(conversation)); }
  void shutdown() override {}  // RestServer::Drain does it

 private:
  Connections& connections_;
};

void FailOn(bool failed, const std::string& act) {
  if (failed) throw std::runtime_error("cannot " + act);
}

// The default would share the port with whoever else listens on it, silently.
void SetSocketOptions(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

struct RestServer::Http : httplib::Server {
  Http(int threads, std::function<RestAnswer(const RestRequest&)> answer);

  void Bind(std::uint16_t port);
  void Respond(const httplib::Request& request, std::string body, httplib::Response& response);

  std::function<RestAnswer(const RestRequest&)> answer;
  Slots slots;
  Connections connections;
  std::atomic<bool> draining{false};
};

RestServer::Http::Http(int threads, std::function<RestAnswer(const RestRequest&)> answer)
    : answer(std::move(answer)), slots(threads) {
  new_task_queue = [this] { return new Conversations(connections); };
  set_pre_routing_handler([this](const httplib::Request&, httplib::Response&) {
    connections.RequestBegun();
    return HandlerResponse::Unhandled;
  });
  set_logger([this](const httplib::Request&, const httplib::Response&) { connections.AnswerSent(); });

  const Handler without_body = [this](const httplib::Request& request, httplib::Response& response) {
    Respond(request, "", response);
  };
  // Reading the body ourselves takes it as it is; the library would interpret what curl -d calls a form.
  const HandlerWithContentReader with_body = [this](const httplib::Request& request, httplib::Response& response,
                                                    const httplib::ContentReader& read) {
    std::string body;
    const bool complete = !request.is_multipart_form_data() && read([&](const char* data, std::size_t length) {
      body.append(data, length);
      return true;
    });
    if (complete) Respond(request, std::move(body), response);
    if (!complete && response.status < 400) response.status = 400;
  };
  Get(".*", without_body);
  Options(".*", without_body);
  Post(".*", with_body);
  Put(".*", with_body);
  Patch(".*", with_body);
  Delete(".*", with_body);

  set_default_headers({{"Server", kServer}});
  set_socket_options(SetSocketOptions);
  set_tcp_nodelay(true);
  set_keep_alive_timeout(kKeepAliveSeconds);
  set_keep_alive_max_count(kRequestsPerConnection);
}

void RestServer::Http::Bind(std::uint16_t port) {
  const std::string act = "listen on port " + std::to_string(port);
  FailOn(!bind_to_port("0.0.0.0", port), act);
  // The library lets five connections wait; a burst would be turned away.
  FailOn(::listen(svr_sock_, SOMAXCONN) != 0, act);
}

void RestServer::Http::Respond(const httplib::Request& request, std::string body, httplib::Response& response) {
  // Waiting for a slot is the server's time, too: the client's way to it is not.
  const auto begin = std::chrono::steady_clock::now();
  const Slots::Taken slot(slots);
  const RestAnswer answered = answer({request.method, request.path, std::move(body)});
  response.status = answered.status;
  if (draining) response.set_header("Connection", "close");
  if (answered.fingerprint) {
    char text[9];
    std::snprintf(text, sizeof text, "%08x", *answered.fingerprint);
    response.set_header("X-Sample-Fingerprint", text);
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
    char timing[32];
    std::snprintf(timing, sizeof timing, "total;dur=%.3f", spent.count());
    response.set_header("Server-Timing", timing);
  }
  response.set_content(answered.body, answered.type);
}

RestServer::RestServer(std::uint16_t port, int threads, std::function<RestAnswer(const RestRequest&)> answer)
    : http_(std::make_unique<Http>(threads, std::move(answer))) {
  http_->Bind(port);
}

RestServer::~RestServer() = default;

void RestServer::Serve() {
  const bool ended_well = http_->listen_after_bind();
  FailOn(!ended_well && !http_->draining, "accept connections any more");
}

bool RestServer::Drain(std::chrono::seconds patience) {
  http_->draining = true;
  // Stopped, the library closes a connection behind its answer: a client that was not told would ask again, of nobody.
  std::this_thread::sleep_for(kFarewell);
  http_->stop();
  return http_->connections.WaitUntilQuiet(patience);
}

}  // namespace sample
