#include "tensorflow_serving/servables/session.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow_serving/protobuf/message.h"
#include "tensorflow_serving/servables/failure.h"

namespace sample {
namespace {

// One of TensorFlow's objects with the function that frees it.
template <auto Delete>
struct Deleter {
  template <typename Object>
  void operator()(Object* object) const { Delete(object); }
};
using Status = std::unique_ptr<TF_Status, Deleter<TF_DeleteStatus>>;
using Buffer = std::unique_ptr<TF_Buffer, Deleter<TF_DeleteBuffer>>;
using Graph = std::unique_ptr<TF_Graph, Deleter<TF_DeleteGraph>>;
using SessionOptions = std::unique_ptr<TF_SessionOptions, Deleter<TF_DeleteSessionOptions>>;
using RuntimeTensor = std::unique_ptr<TF_Tensor, Deleter<TF_DeleteTensor>>;

void Check(const Status& status) {
  if (TF_GetCode(status.get()) != TF_OK) throw Failure(TF_GetCode(status.get()), TF_Message(status.get()));
}

// Frees strings when TensorFlow's last reference to them is gone, which a run that timed out may hold for a while yet.
void DeleteTexts(void* data, std::size_t bytes, void*) {
  auto* texts = static_cast<TF_TString*>(data);
  for (std::size_t i = 0; i < bytes / sizeof(TF_TString); ++i) TF_StringDealloc(&texts[i]);
  std::free(data);
}

RuntimeTensor FromTexts(const Tensor& tensor) {
  constexpr std::size_t kAlignment = 64;  // TensorFlow copies what is aligned less
  const std::size_t bytes = tensor.texts.size() * sizeof(TF_TString);
  void* data = std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment);
  if (data == nullptr) throw std::bad_alloc();
  auto* texts = static_cast<TF_TString*>(data);
  for (std::size_t i = 0; i < tensor.texts.size(); ++i) {
    TF_StringInit(&texts[i]);
    TF_StringCopy(&texts[i], tensor.texts[i].data(), tensor.texts[i].size());
  }
  return RuntimeTensor(TF_NewTensor(TF_STRING, tensor.shape.data(), static_cast<int>(tensor.shape.size()), data, bytes,
                                    DeleteTexts, nullptr));
}

RuntimeTensor ToRuntime(const Tensor& tensor) {
  if (tensor.type == TF_STRING) return FromTexts(tensor);
  RuntimeTensor made(TF_AllocateTensor(tensor.type, tensor.shape.data(), static_cast<int>(tensor.shape.size()),
                                       tensor.numbers.size()));
  if (made == nullptr) throw std::bad_alloc();
  if (!tensor.numbers.empty()) std::memcpy(TF_TensorData(made.get()), tensor.numbers.data(), tensor.numbers.size());
  return made;
}

Tensor FromRuntime(const TF_Tensor* made) {
  Tensor tensor;
  tensor.type = TF_TensorType(made);
  for (int i = 0; i < TF_NumDims(made); ++i) tensor.shape.push_back(TF_Dim(made, i));
  if (tensor.type == TF_STRING) {
    const auto* texts = static_cast<const TF_TString*>(TF_TensorData(made));
    for (std::size_t i = 0; i < tensor.Size(); ++i) {
      tensor.texts.emplace_back(TF_StringGetDataPointer(&texts[i]), TF_StringGetSize(&texts[i]));
    }
  } else {
    tensor.numbers.assign(static_cast<const char*>(TF_TensorData(made)), TF_TensorByteSize(made));
  }
  return tensor;
}

// "operation:output" in the graph; no number means output 0.
TF_Output Find(TF_Graph* graph, const std::string& name) {
  const std::size_t colon = name.find(':');
  int index = 0;
  if (colon != std::string::npos) std::from_chars(name.data() + colon + 1, name.data() + name.size(), index);
  TF_Operation* operation = TF_GraphOperationByName(graph, name.substr(0, colon).c_str());
  if (operation == nullptr || index < 0 || index >= TF_OperationNumOutputs(operation)) {
    throw Failure(TF_NOT_FOUND, "Tensor " + name + ", specified in the signature, does not exist in the graph");
  }
  return {operation, index};
}

}  // namespace

struct Session::Loaded {
  Graph graph{TF_NewGraph()};
  TF_Session* session = nullptr;

  ~Loaded() {
    if (session == nullptr) return;
    const Status ignored(TF_NewStatus());  // there is nobody left to tell
    TF_CloseSession(session, ignored.get());
    TF_DeleteSession(session, ignored.get());
  }
};

Session::Session(const std::string& version, const Parallelism& parallelism)
    : loaded_(std::make_unique<Loaded>()) {
  const Status status(TF_NewStatus());
  const SessionOptions options(TF_NewSessionOptions());
  // ConfigProto: intra_op_parallelism_threads and inter_op_parallelism_threads.
  const std::string config = Message()
                                 .Number(2, static_cast<std::uint64_t>(parallelism.intra_op))
                                 .Number(5, static_cast<std::uint64_t>(parallelism.inter_op))
                                 .bytes();
  TF_SetConfig(options.get(), config.data(), config.size(), status.get());
  Check(status);

  const char* tags[] = {"serve"};
  const Buffer meta_graph(TF_NewBuffer());
  loaded_->session = TF_LoadSessionFromSavedModel(options.get(), nullptr, version.c_str(), tags, 1,
                                                  loaded_->graph.get(), meta_graph.get(), status.get());
  Check(status);
  signatures_ = ReadSignatures({static_cast<const char*>(meta_graph->data), meta_graph->length});
}

Session::~Session() = default;

NamedTensors Session::Run(const Signature& signature, const NamedTensors& inputs,
                          std::chrono::milliseconds timeout) const {
  std::vector<TF_Output> fed, fetched;
  std::vector<RuntimeTensor> kept;
  std::vector<TF_Tensor*> values;
  for (const auto& [name, tensor] : inputs) {
    fed.push_back(Find(loaded_->graph.get(), signature.inputs.at(name).name));
    values.push_back(kept.emplace_back(ToRuntime(tensor)).get());
  }
  for (const auto& [name, info] : signature.outputs) fetched.push_back(Find(loaded_->graph.get(), info.name));

  // RunOptions: timeout_in_ms.
  const std::string options = Message().Number(2, static_cast<std::uint64_t>(timeout.count())).bytes();
  const Buffer run_options(TF_NewBufferFromString(options.data(), options.size()));
  const Status status(TF_NewStatus());
  std::vector<TF_Tensor*> made(fetched.size());
  TF_SessionRun(loaded_->session, run_options.get(), fed.data(), values.data(), static_cast<int>(fed.size()),
                fetched.data(), made.data(), static_cast<int>(fetched.size()), nullptr, 0, nullptr, status.get());
  Check(status);

  std::vector<RuntimeTensor> owned(made.begin(), made.end());
  NamedTensors outputs;
  auto value = owned.begin();
  for (const auto& [name, info] : signature.outputs) outputs[name] = FromRuntime((value++)->get());
  return outputs;
}

const char* LibraryVersion() { return TF_Version(); }

}  // namespace sample
