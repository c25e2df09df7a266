#include "engine.h"

#include <tensorflow/c/eager/c_api_experimental.h>

#include <algorithm>
#include <unordered_set>

namespace gradbook {

thread_local Engine* engine = nullptr;

Trace::~Trace() {
  for (TFE_TensorHandle* handle : captureHandles) {
    if (handle) TFE_DeleteTensorHandle(handle);
  }
  TF_DeleteGraph(graph);
}

Engine::~Engine() {
  traces_.clear();
  for (Tensor& tensor : tensors_) {
    if (tensor.handle) TFE_DeleteTensorHandle(tensor.handle);
  }
  for (auto& entry : functions) {
    for (TFE_TensorHandle* handle : entry.second.captures) {
      if (handle) TFE_DeleteTensorHandle(handle);
    }
  }
  for (auto& entry : savedModels) {
    TF_DeleteSession(entry.second.session, status);
    TF_DeleteGraph(entry.second.graph);
  }
  if (spareOp_) TFE_DeleteOp(spareOp_);
  if (context_) TFE_DeleteContext(context_);
}

void Engine::start(const void* config, size_t length) {
  if (context_) throw Error("The engine has been started already.");
  TFE_ContextOptions* options = TFE_NewContextOptions();
  if (length > 0) TFE_ContextOptionsSetConfig(options, config, length, status);
  if (status.ok()) context_ = TFE_NewContext(options, status);
  TFE_DeleteContextOptions(options);
  status.check("TensorFlow did not start");
}

TFE_Op* Engine::takeOp(const char* name) {
  TFE_Op* op = spareOp_;
  spareOp_ = nullptr;
  if (op) {
    TFE_OpReset(op, name, device.c_str(), status);
    if (status.ok()) return op;
    TFE_DeleteOp(op);
    status.check(name);
  }
  op = TFE_NewOp(context(), name, status);
  status.check(name);
  if (device.empty()) return op;
  TFE_OpSetDevice(op, device.c_str(), status);
  if (!status.ok()) TFE_DeleteOp(op);
  status.check(name);
  return op;
}

void OpInUse::addInput(TFE_TensorHandle* handle, int64_t bytes) {
  inputBytes_ += bytes;
  TFE_OpAddInput(op_, handle, engine_.status);
  engine_.status.check("input");
}

void Engine::giveBack(TFE_Op* op, bool keep) {
  if (spareOp_ || !keep) {
    TFE_DeleteOp(op);
  } else {
    spareOp_ = op;
  }
}

TFE_Context* Engine::context() {
  if (!context_) throw Error("The engine has not been started.");
  return context_;
}

int64_t Engine::bytesOf(TFE_TensorHandle* handle) {
  TF_DataType dtype = TFE_TensorHandleDataType(handle);
  size_t width = dtype == TF_STRING ? sizeof(TF_TString) : TF_DataTypeSize(dtype);
  if (width == 0) return 0;
  int64_t elements = TFE_TensorHandleNumElements(handle, status);
  return status.ok() ? elements * static_cast<int64_t>(width) : 0;
}

void Engine::account(int64_t change) {
  bytes += change;
  peakBytes = std::max(peakBytes, bytes);
}

bool Engine::isOverLimit(int64_t more) {
  if (limitBytes <= 0 || bytes + more <= limitBytes) return false;
  // `bytes` counts tensors that share memory (a reshape and its source) each; here it is worth looking which do.
  std::unordered_set<const void*> seen;
  int64_t held = 0;
  for (const Tensor& tensor : tensors_) {
    if (!tensor.alive || !tensor.handle || tensor.bytes == 0) continue;
    const void* memory = TFE_TensorHandleDevicePointer(tensor.handle, status);
    if (!status.ok()) TF_SetStatus(status, TF_OK, "");
    if (!memory || seen.insert(memory).second) held += tensor.bytes;
  }
  return held + more > limitBytes;
}

int32_t Engine::place(Tensor tensor) {
  int32_t id;
  if (free_.empty()) {
    id = static_cast<int32_t>(tensors_.size());
    tensors_.push_back(tensor);
  } else {
    id = free_.back();
    free_.pop_back();
    tensor.serial = tensors_[id].serial + 1;
    tensors_[id] = tensor;
  }
  tensors_[id].alive = true;
  alive_++;
  account(tensor.bytes);
  added_.emplace_back(id, tensors_[id].serial);
  return id;
}

int32_t Engine::add(TFE_TensorHandle* handle) {
  Tensor tensor;
  tensor.handle = handle;
  tensor.bytes = bytesOf(handle);
  return place(tensor);
}

int32_t Engine::add(TF_Output output, int trace) {
  Tensor tensor;
  tensor.output = output;
  tensor.trace = trace;
  return place(tensor);
}

Tensor& Engine::tensor(int32_t id) {
  if (id <= 0 || id >= static_cast<int32_t>(tensors_.size()) || !tensors_[id].alive) {
    throw Error("Tensor " + std::to_string(id) + " is not alive: it has been disposed.");
  }
  return tensors_[id];
}

TFE_TensorHandle* Engine::handle(int32_t id) {
  Tensor& found = tensor(id);
  if (!found.handle) {
    throw Error("This tensor was made inside a trace of compile() and has no value outside of it.");
  }
  return found.handle;
}

void Engine::remove(int32_t id) {
  Tensor& gone = tensor(id);
  if (gone.handle) TFE_DeleteTensorHandle(gone.handle);
  account(-gone.bytes);
  uint32_t serial = gone.serial;
  gone = Tensor();
  gone.serial = serial;
  alive_--;
  free_.push_back(id);
}

bool Engine::isAlive(int32_t id, uint32_t serial) const {
  return id > 0 && id < static_cast<int32_t>(tensors_.size()) && tensors_[id].alive && tensors_[id].serial == serial;
}

void Engine::removeIf(int32_t id, uint32_t serial) {
  if (!isAlive(id, serial)) return;
  collectedBytes += tensors_[id].bytes;
  remove(id);
}

void Engine::undoCall() {
  for (auto [id, serial] : added_) {
    if (isAlive(id, serial)) remove(id);
  }
  added_.clear();
}

void Engine::moveInto(int32_t to, int32_t from) {
  Tensor& target = tensor(to);
  Tensor& source = tensor(from);
  if (!target.handle || !source.handle) throw Error("moveInto: both tensors must be concrete.");
  std::swap(target.handle, source.handle);
  std::swap(target.bytes, source.bytes);
  remove(from);
}

Trace* Engine::traceNumbered(int number) {
  for (auto& trace : traces_) {
    if (trace->number == number) return trace.get();
  }
  return nullptr;
}

int Engine::beginTrace() {
  traces_.push_back(std::make_unique<Trace>());
  traces_.back()->number = ++traceCount_;
  return traceCount_;
}

void Engine::endTrace() {
  if (traces_.empty()) throw Error("traceEnd: no trace is open.");
  traces_.pop_back();
}

std::string dtypeName(TF_DataType dtype) {
  switch (dtype) {
    case TF_FLOAT:
      return "float32";
    case TF_INT32:
      return "int32";
    case TF_INT64:
      return "int64";
    case TF_BOOL:
      return "bool";
    case TF_COMPLEX64:
      return "complex64";
    case TF_STRING:
      return "string";
    case TF_BFLOAT16:
      return "bfloat16";
    case TF_UINT8:
      return "uint8";
    default:
      return "dtype " + std::to_string(dtype);
  }
}

std::vector<int64_t> shapeOf(TFE_TensorHandle* handle) {
  Status status;
  int rank = TFE_TensorHandleNumDims(handle, status);
  status.check("shape");
  std::vector<int64_t> shape(rank);
  for (int i = 0; i < rank; i++) shape[i] = TFE_TensorHandleDim(handle, i, status);
  status.check("shape");
  return shape;
}

std::string describe(TFE_TensorHandle* handle) {
  std::string text = dtypeName(TFE_TensorHandleDataType(handle)) + " [";
  std::vector<int64_t> shape = shapeOf(handle);
  for (size_t i = 0; i < shape.size(); i++) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace gradbook
