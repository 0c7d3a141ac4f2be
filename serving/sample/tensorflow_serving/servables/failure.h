// What a request or a model failed of, in TensorFlow's terms: the REST API makes a status code and an error body of it.
#ifndef TENSORFLOW_SERVING_SERVABLES_FAILURE_H_
#define TENSORFLOW_SERVING_SERVABLES_FAILURE_H_

#include <stdexcept>
#include <string>

#include "tensorflow/c/tf_status.h"

namespace sample {

class Failure : public std::runtime_error {
 public:
  Failure(TF_Code code, const std::string& message) : std::runtime_error(message), code_(code) {}

  TF_Code code() const { return code_; }

 private:
  TF_Code code_;
};

// TensorFlow's name of a code, e.g. "NOT_FOUND".
std::string CodeName(TF_Code code);

}  // namespace sample

#endif  // TENSORFLOW_SERVING_SERVABLES_FAILURE_H_
