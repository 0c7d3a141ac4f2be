#include "tensorflow_serving/model_servers/rest_api.h"

#include <exception>

#include "tensorflow_serving/kernels/fingerprint.h"
#include "tensorflow_serving/model_servers/json_writer.h"
#include "tensorflow_serving/model_servers/model_metadata.h"
#include "tensorflow_serving/model_servers/model_status.h"
#include "tensorflow_serving/model_servers/predict_request.h"
#include "tensorflow_serving/model_servers/predict_response.h"
#include "tensorflow_serving/model_servers/rest_path.h"
#include "tensorflow_serving/servables/failure.h"

namespace sample {
namespace {

using std::chrono::milliseconds;

int HttpStatus(TF_Code code) {
  switch (code) {
    case TF_OK:
      return 200;
    case TF_INVALID_ARGUMENT:
    case TF_FAILED_PRECONDITION:
    case TF_OUT_OF_RANGE:
      return 400;
    case TF_UNAUTHENTICATED:
      return 401;
    case TF_PERMISSION_DENIED:
      return 403;
    case TF_NOT_FOUND:
      return 404;
    case TF_ALREADY_EXISTS:
    case TF_ABORTED:
      return 409;
    case TF_RESOURCE_EXHAUSTED:
      return 429;
    case TF_CANCELLED:
      return 499;
    case TF_UNIMPLEMENTED:
      return 501;
    case TF_UNAVAILABLE:
      return 503;
    case TF_DEADLINE_EXCEEDED:
      return 504;
    default:
      return 500;
  }
}

const Signature& Choose(const Signatures& signatures, const std::string& wanted) {
  const std::string name = wanted.empty() ? "serving_default" : wanted;
  const auto signature = signatures.find(name);
  if (signature != signatures.end()) return signature->second;
  throw Failure(TF_INVALID_ARGUMENT, "Serving signature name: \"" + name + "\" not found in signature def");
}

std::uint32_t FingerprintOf(const NamedTensors& inputs) {
  std::string bytes;
  for (const auto& [name, tensor] : inputs) {
    bytes += tensor.numbers;
    for (const std::string& text : tensor.texts) bytes += text;
  }
  return Fingerprint(bytes);
}

void Predict(const ServedModel& model, const RestPath& path, milliseconds timeout, const std::string& body,
             RestAnswer& answer) {
  answer.prediction = Prediction{path.model};
  LoadedVersion version{};
  const Signature* signature = nullptr;
  const PredictRequest request = ReadPredictRequest(body, [&](const std::string& name) -> const TensorInfos& {
    version = model.Find(path.model, path.version);
    signature = &Choose(version.session->signatures(), name);
    return signature->inputs;
  });
  answer.fingerprint = FingerprintOf(request.inputs);
  const auto begin = std::chrono::steady_clock::now();
  const NamedTensors outputs = version.session->Run(*signature, request.inputs, timeout);
  answer.prediction->run = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
  answer.body = PredictResponseJson(request.form, outputs);
}

void AnswerOrThrow(const ServedModel& model, milliseconds timeout, const RestRequest& request, RestAnswer& answer) {
  const std::optional<RestPath> path = ReadRestPath(request.path);
  const bool post = request.method == "POST" && path && !path->model.empty();
  const bool get = request.method == "GET" && path;
  if (post && path->rest == ":predict") {
    Predict(model, *path, timeout, request.body, answer);
  } else if (post && (path->rest == ":classify" || path->rest == ":regress")) {
    throw Failure(TF_UNIMPLEMENTED, "the sample server answers :predict only");
  } else if (get && (path->rest.empty() || path->rest == "/metadata")) {
    if (path->model.empty()) throw Failure(TF_INVALID_ARGUMENT, "Missing model name in request.");
    answer.body = path->rest.empty() ? ModelStatusJson(model.Statuses(path->model, path->version))
                                     : ModelMetadataJson(path->model, model.Find(path->model, path->version));
  } else {
    throw Failure(TF_INVALID_ARGUMENT, "Malformed request: " + request.method + ' ' + request.path);
  }
}

}  // namespace

RestAnswer Answer(const ServedModel& model, milliseconds timeout, const RestRequest& request) {
  RestAnswer answer;
  if (request.path.compare(0, 4, "/v1/") != 0) {
    answer.status = 404;  // outside the API TensorFlow Serving's answer has no body
    return answer;
  }
  try {
    AnswerOrThrow(model, timeout, request, answer);
  } catch (const Failure& failure) {
    answer.status = HttpStatus(failure.code());
    answer.body = ErrorJson(failure.what());
  } catch (const std::exception& error) {
    answer.status = HttpStatus(TF_INTERNAL);
    answer.body = ErrorJson(error.what());
  }
  return answer;
}

}  // namespace sample
