// The REST API's answers: which request gets which JSON. Knows no sockets.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_STATUS_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_STATUS_H_

#include <filesystem>
#include <string>
#include <string_view>

namespace sample {

struct Model {
  std::string name;
  std::filesystem::path base_path;
};

struct Answer {
  std::string_view status;  // status code and reason phrase, e.g. "200 OK"
  std::string body;         // JSON
};

// Answers one request. The folder is read anew each time, so a version exported meanwhile is seen.
Answer AnswerRequest(const Model& model, std::string_view method, std::string_view path);

// The answer to bytes that are no HTTP request.
Answer BadRequest();

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_STATUS_H_
