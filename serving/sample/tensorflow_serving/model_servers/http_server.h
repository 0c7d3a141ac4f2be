// The least HTTP/1.1 that a status probe needs: one request a connection, one connection at a time.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_HTTP_SERVER_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_HTTP_SERVER_H_

#include <cstdint>

#include "tensorflow_serving/model_servers/model_status.h"

namespace sample {

// Blocks SIGTERM and SIGINT, and returns a descriptor that becomes readable when one of them arrives.
// Call it before the first slow act, so that no signal is lost between start-up and serving.
int CatchStopSignals();

// A socket that listens on `port` on all addresses. Throws std::system_error, e.g. if the port is taken.
int Listen(std::uint16_t port);

// Answers requests until `stop` becomes readable. A `listener` of -1 only waits.
void ServeUntil(int stop, int listener, const Model& model);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_HTTP_SERVER_H_
