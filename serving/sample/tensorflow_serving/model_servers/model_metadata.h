// The answer to GET /v1/models/M/metadata: the signatures of the version served.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_METADATA_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_METADATA_H_

#include <string>

#include "tensorflow_serving/servables/served_model.h"

namespace sample {

// JSON of a GetModelMetadataResponse.
std::string ModelMetadataJson(const std::string& name, const LoadedVersion& version);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_MODEL_METADATA_H_
