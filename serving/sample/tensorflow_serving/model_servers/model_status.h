// The answer to GET /v1/models/M: which versions there are and how they do.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_STATUS_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_STATUS_H_

#include <cstdint>
#include <map>
#include <string>

#include "tensorflow_serving/servables/served_model.h"

namespace sample {

// JSON of a GetModelStatusResponse.
std::string ModelStatusJson(const std::map<std::int64_t, VersionStatus>& statuses);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_STATUS_H_
