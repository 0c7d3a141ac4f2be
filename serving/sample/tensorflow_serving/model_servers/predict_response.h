// Writes the tensors a model answered as the JSON body of a :predict response.
#ifndef TENSORFLOW_SERVING_MODEL_SERVERS_PREDICT_RESPONSE_H_
#define TENSORFLOW_SERVING_MODEL_SERVERS_PREDICT_RESPONSE_H_

#include <string>

#include "tensorflow_serving/model_servers/predict_request.h"
#include "tensorflow_serving/servables/tensor.h"

namespace sample {

// "predictions" for the row form, "outputs" for the column form. Throws Failure for what has no such form.
std::string PredictResponseJson(Form form, const NamedTensors& outputs);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_MODEL_SERVERS_PREDICT_RESPONSE_H_
