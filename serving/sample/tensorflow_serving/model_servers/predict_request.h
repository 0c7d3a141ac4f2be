// Reads the JSON body of a :predict request into tensors, in row form ("instances") or column form ("inputs").
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_PREDICT_REQUEST_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_PREDICT_REQUEST_H_

#include <functional>
#include <string>
#include <string_view>

#include "tensorflow_serving/servables/signature.h"
#include "tensorflow_serving/servables/tensor.h"

namespace sample {

enum class Form { kRow, kColumn };

struct PredictRequest {
  Form form;
  NamedTensors inputs;
};

// The body names the signature, and only the signature says which tensors the rest of the body is: `inputs_of` is asked in
// between. Throws Failure with TensorFlow Serving's words.
PredictRequest ReadPredictRequest(std::string_view body,
                                  const std::function<const TensorInfos&(const std::string& signature)>& inputs_of);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_PREDICT_REQUEST_H_
