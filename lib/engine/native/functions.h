// The functions of the binding (see ../tensorflow/binding.ts), by file.
#pragma once

#include "node.h"

#include "engine.h"

namespace gradbook {

// addon.cc
napi_value start(napi_env, napi_callback_info);
napi_value devices(napi_env, napi_callback_info);
napi_value setDevice(napi_env, napi_callback_info);
napi_value memory(napi_env, napi_callback_info);
napi_value resetPeak(napi_env, napi_callback_info);
napi_value setTensorFloat32(napi_env, napi_callback_info);
napi_value getNumOfTensors(napi_env, napi_callback_info);
napi_value isUsingGpuDevice(napi_env, napi_callback_info);

// tensors.cc
napi_value createTensor(napi_env, napi_callback_info);
napi_value createTensorEager(napi_env, napi_callback_info);
napi_value deleteTensor(napi_env, napi_callback_info);
napi_value tensorDataSync(napi_env, napi_callback_info);
napi_value own(napi_env, napi_callback_info);
napi_value copyTensor(napi_env, napi_callback_info);
napi_value metadata(napi_env, napi_callback_info);
napi_value deviceOf(napi_env, napi_callback_info);

// execute.cc
napi_value executeOp(napi_env, napi_callback_info);

// trace.cc
napi_value traceBegin(napi_env, napi_callback_info);
napi_value traceEnd(napi_env, napi_callback_info);
napi_value traceNumber(napi_env, napi_callback_info);
napi_value tracePlaceholder(napi_env, napi_callback_info);
napi_value isConstant(napi_env, napi_callback_info);
napi_value traceOf(napi_env, napi_callback_info);

// compiled.cc
napi_value traceFunction(napi_env, napi_callback_info);
napi_value releaseCapture(napi_env, napi_callback_info);
napi_value runFunction(napi_env, napi_callback_info);
napi_value deleteFunction(napi_env, napi_callback_info);

// saved_models.cc
napi_value loadSavedModel(napi_env, napi_callback_info);
napi_value deleteSavedModel(napi_env, napi_callback_info);
napi_value runSavedModel(napi_env, napi_callback_info);
napi_value getNumOfSavedModels(napi_env, napi_callback_info);

// "Out of memory: `what` needs ... more; ... of the limit are in use"; `bytes` is 0 when unknown.
Error outOfMemory(const std::string& what, double bytes, const std::string& details = "");

// Small tensors are let through at the limit: TensorFlow's pool has room for them (addon.cc), and the error is to name
// what is big.
constexpr int64_t smallBytes = 64 * 1024;

// Throws it, and deletes the results `ids` of that op or function, when they have gone over the limit.
void checkLimit(const std::string& what, const std::vector<TFE_TensorHandle*>& inputs, const int32_t* ids, int count);

// The {id, shape, dtype} of a tensor (tensors.cc). With `owns`, the object owns it as if given to `own`.
napi_value metadataOf(napi_env env, int32_t id, bool owns);
// Puts the tensor on the GPU where there is one; integers and strings stay, because most kernels want them on the host.
TFE_TensorHandle* toDevice(TFE_TensorHandle* handle);
// Tells V8 how much memory hangs on its objects, so that it collects in time.
void reportMemory(napi_env env);
// Throws TensorFlow's message; for exhausted memory one that says what asked for how much.
void checkExecution(const Status& status, const std::string& what, const std::vector<TFE_TensorHandle*>& inputs);

// The value of a tensor inside a trace: its own output, or a placeholder for what comes from outside (trace.cc).
TF_Output outputIn(Trace& trace, int32_t id);
TF_Output addPlaceholder(Trace& trace, TF_DataType dtype, const std::vector<int64_t>& shape);
TF_Output addConstant(Trace& trace, TF_Tensor* value);
// Shape of a graph's output; throws when it depends on data.
std::vector<int64_t> staticShape(Trace& trace, TF_Output output, const std::string& op);

}  // namespace gradbook
