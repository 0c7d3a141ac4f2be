// The paths of the REST API: /v1/models[/NAME][/versions/N], and what of it is asked for.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_REST_PATH_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_REST_PATH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sample {

struct RestPath {
  std::string model;  // empty if the path names none
  std::optional<std::int64_t> version;
  std::string rest;   // what follows, e.g. ":predict" or "/metadata"
};

// Nothing if the path is none of these. Throws Failure for a version that is no 64-bit number.
std::optional<RestPath> ReadRestPath(std::string_view text);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_REST_PATH_H_
