// What the addon holds for one JavaScript thread: TensorFlow's context, the table of tensors, open traces, functions.
#pragma once

#include "node.h"
#include <tensorflow/c/c_api.h>
#include <tensorflow/c/eager/c_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "status.h"

namespace gradbook {

// A tensor's place in the table. Concrete tensors have a handle; symbolic ones an output in the graph of a trace.
struct Tensor {
  TFE_TensorHandle* handle = nullptr;
  TF_Output output{nullptr, 0};
  int trace = 0;
  // Counts the tensors this place has held, so that a finalizer that comes late does not free its successor.
  uint32_t serial = 0;
  bool alive = false;
  int64_t bytes = 0;
};

// An open trace: a graph that grows.
struct Trace {
  TF_Graph* graph = TF_NewGraph();
  int number = 0;
  int nodes = 0;
  bool stateful = false;
  std::vector<TF_Output> placeholders;
  // What comes from outside, in order of first use: which, its placeholder, and a handle that keeps a concrete value.
  // A serial goes with the id, because an id is used again once its tensor is gone.
  struct Capture {
    int32_t id;
    uint32_t serial;
  };
  std::vector<Capture> captures;
  std::vector<TF_Output> captureOutputs;
  std::vector<TFE_TensorHandle*> captureHandles;
  std::unordered_map<uint64_t, size_t> captureIndex;
  // Ops that act on the world and have no output: they are part of the function whatever it returns.
  std::vector<TF_Operation*> effects;
  std::unordered_map<std::string, int> histogram;

  ~Trace();
  std::string nextName(const char* prefix) { return prefix + std::to_string(nodes++); }
};

struct CompiledFunction {
  std::string name;
  int inputs = 0;
  int placeholders = 0;
  int outputs = 0;
  std::vector<TFE_TensorHandle*> captures;
};

struct SavedModel {
  TF_Session* session;
  TF_Graph* graph;
};

class Engine {
 public:
  ~Engine();

  // Tensors. `tensor` throws for an id that is not alive.
  int32_t add(TFE_TensorHandle* handle);
  int32_t add(TF_Output output, int trace);
  Tensor& tensor(int32_t id);
  TFE_TensorHandle* handle(int32_t id);
  void remove(int32_t id);
  bool isAlive(int32_t id, uint32_t serial) const;
  // For finalizers: removes the tensor if it is still the one that `serial` numbered.
  void removeIf(int32_t id, uint32_t serial);
  void moveInto(int32_t to, int32_t from);
  // Forgets which tensors were added before; then removes those that have been added since.
  void beginCall() { added_.clear(); }
  void undoCall();
  int32_t aliveTensors() const { return alive_; }
  // True when the tensors alive take more than the limit.
  bool isOverLimit(int64_t more = 0);

  Trace* trace() { return traces_.empty() ? nullptr : traces_.back().get(); }
  Trace* traceNumbered(int number);
  int beginTrace();
  void endTrace();

  TFE_Context* context();
  void start(const void* config, size_t length);

  // An op to fill in: the last one again if nobody uses it, since making one costs a microsecond.
  TFE_Op* takeOp(const char* name);
  void giveBack(TFE_Op* op, bool keep);

  std::string device;
  bool usesGpu = false;
  int64_t limitBytes = 0;
  int64_t bytes = 0;
  int64_t peakBytes = 0;
  // What V8's garbage collector has freed so far.
  int64_t collectedBytes = 0;
  std::unordered_map<int32_t, CompiledFunction> functions;
  int32_t nextFunction = 1;
  std::unordered_map<int32_t, SavedModel> savedModels;
  int32_t nextSavedModel = 0;
  // Used again from op to op.
  Status status;

 private:
  int32_t place(Tensor tensor);
  int64_t bytesOf(TFE_TensorHandle* handle);
  void account(int64_t change);

  TFE_Context* context_ = nullptr;
  TFE_Op* spareOp_ = nullptr;
  std::vector<Tensor> tensors_{1};
  std::vector<int32_t> free_;
  // Ids and serials of the tensors that the current call has added.
  std::vector<std::pair<int32_t, uint32_t>> added_;
  int32_t alive_ = 0;
  std::vector<std::unique_ptr<Trace>> traces_;
  int traceCount_ = 0;
};

// Holds an op from `takeOp` and gives it back. An op holds its inputs until it is used again: one with large inputs goes.
class OpInUse {
 public:
  OpInUse(Engine& engine, const char* name) : engine_(engine), op_(engine.takeOp(name)) {}
  ~OpInUse() { engine_.giveBack(op_, inputBytes_ < (1 << 16)); }
  void addInput(TFE_TensorHandle* handle, int64_t bytes);
  OpInUse(const OpInUse&) = delete;
  OpInUse& operator=(const OpInUse&) = delete;
  operator TFE_Op*() const { return op_; }

 private:
  Engine& engine_;
  TFE_Op* op_;
  int64_t inputBytes_ = 0;
};

// The engine of this thread; null after its end, when late finalizers may still come.
extern thread_local Engine* engine;

// "float32 [2, 3]", for messages.
std::string describe(TFE_TensorHandle* handle);
std::string dtypeName(TF_DataType dtype);
std::vector<int64_t> shapeOf(TFE_TensorHandle* handle);

}  // namespace gradbook
