#include "tensorflow_serving/model_servers/http_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

namespace sample {
namespace {

using Clock = std::chrono::steady_clock;

// One client must not hold up the next for long, whether it is slow, silent or talkative.
constexpr std::chrono::seconds kPatience(2);
constexpr std::size_t kLargestHead = 8192;

// Throws for a system call that returned -1; hands any other result on.
int Checked(int result, const char* act) {
  if (result == -1) throw std::system_error(errno, std::generic_category(), act);
  return result;
}

bool Ready(int socket, short event, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  pollfd wanted{socket, event, 0};
  return left.count() > 0 && poll(&wanted, 1, static_cast<int>(left.count())) == 1;
}

// Everything up to the blank line; whatever arrived if the client gave up or ran out of time or room.
std::string ReadHead(int client, Clock::time_point deadline) {
  std::string head;
  char buffer[1024];
  while (head.find("\r\n\r\n") == std::string::npos && head.size() < kLargestHead && Ready(client, POLLIN, deadline)) {
    const ssize_t length = recv(client, buffer, sizeof buffer, 0);
    if (length <= 0) break;
    head.append(buffer, static_cast<std::size_t>(length));
  }
  return head;
}

void Write(int client, std::string_view text, Clock::time_point deadline) {
  while (!text.empty() && Ready(client, POLLOUT, deadline)) {
    // A client that is gone is an error code here, not a SIGPIPE that ends the server.
    const ssize_t length = send(client, text.data(), text.size(), MSG_NOSIGNAL);
    if (length <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
}

Answer AnswerHead(const Model& model, std::string_view head) {
  if (head.find("\r\n\r\n") == std::string_view::npos) return BadRequest();
  // "GET /path HTTP/1.1": three words, two spaces.
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == last || line.substr(last + 1, 5) != "HTTP/") return BadRequest();
  const std::string_view target = line.substr(first + 1, last - first - 1);
  return AnswerRequest(model, line.substr(0, first), target.substr(0, target.find('?')));
}

void Converse(int client, const Model& model) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  const Answer answer = AnswerHead(model, ReadHead(client, deadline));
  Write(client,
        "HTTP/1.1 " + std::string(answer.status) + "\r\nContent-Type: application/json\r\nContent-Length: " +
            std::to_string(answer.body.size()) + "\r\nConnection: close\r\n\r\n" + answer.body,
        deadline);
}

}  // namespace

int CatchStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  Checked(sigprocmask(SIG_BLOCK, &signals, nullptr), "block signals");
  return Checked(signalfd(-1, &signals, SFD_CLOEXEC), "catch signals");
}

int Listen(std::uint16_t port) {
  const int listener = Checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "open a socket");
  const int yes = 1;
  Checked(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "share the port with closing connections");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(port);
  const std::string act = "listen on port " + std::to_string(port);
  Checked(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), act.c_str());
  Checked(listen(listener, SOMAXCONN), act.c_str());
  return listener;
}

void ServeUntil(int stop, int listener, const Model& model) {
  // poll() passes over negative descriptors, so without a REST port this only waits for the signal.
  pollfd events[] = {{stop, POLLIN, 0}, {listener, POLLIN, 0}};
  for (;;) {
    if (poll(events, 2, -1) == -1 && errno != EINTR) Checked(-1, "wait for requests");
    if (events[0].revents != 0) return;
    if (events[1].revents == 0) continue;
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client == -1) continue;  // the client hung up before we came to it
    Converse(client, model);
    close(client);
  }
}

}  // namespace sample
