// HTTP around the REST API.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_REST_SERVER_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_REST_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "tensorflow_serving/model_servers/rest_api.h"

namespace sample {

class RestServer {
 public:
  // Listens on the port, on all addresses. Throws std::runtime_error, e.g. if the port is taken. `answer` is called on at
  // most `threads` threads at once.
  RestServer(std::uint16_t port, int threads, std::function<RestAnswer(const RestRequest&)> answer);
  ~RestServer();

  // Accepts connections until Drain(). Throws std::runtime_error if it ends for any other reason.
  void Serve();

  // From another thread: tells clients with their next answer that it is their connection's last, refuses new connections,
  // and lets the requests in flight finish as long as the patience lasts. Returns whether all did.
  bool Drain(std::chrono::seconds patience);

 private:
  struct Http;
  std::unique_ptr<Http> http_;
};

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_REST_SERVER_H_
