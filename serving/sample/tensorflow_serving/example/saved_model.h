// The model that stands in for Inception: y = 0.5 * x + 2, in constants only.
#ifndef TENSORFLOW_SERVING_EXAMPLE_SAVED_MODEL_H_
#define TENSORFLOW_SERVING_EXAMPLE_SAVED_MODEL_H_

#include <string>

namespace sample {

// A saved_model.pb with the signature `serving_default`; it has no variables and needs no other file.
std::string HalfPlusTwo();

}  // namespace sample

#endif  // TENSORFLOW_SERVING_EXAMPLE_SAVED_MODEL_H_
