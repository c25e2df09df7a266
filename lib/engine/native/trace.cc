// Traces: graphs that grow while JavaScript runs a function with symbolic tensors.
#include "functions.h"
#include "javascript.h"

namespace gradbook {

TF_Output addConstant(Trace& trace, TF_Tensor* value) {
  TF_OperationDescription* node = TF_NewOperation(trace.graph, "Const", trace.nextName("constant").c_str());
  TF_SetAttrTensor(node, "value", value, engine->status);
  TF_SetAttrType(node, "dtype", TF_TensorType(value));
  TF_Operation* operation = TF_FinishOperation(node, engine->status);
  engine->status.check("Const");
  return {operation, 0};
}

TF_Output addPlaceholder(Trace& trace, TF_DataType dtype, const std::vector<int64_t>& shape) {
  TF_OperationDescription* node = TF_NewOperation(trace.graph, "Placeholder", trace.nextName("input").c_str());
  TF_SetAttrType(node, "dtype", dtype);
  TF_SetAttrShape(node, "shape", shape.data(), static_cast<int>(shape.size()));
  TF_Operation* operation = TF_FinishOperation(node, engine->status);
  engine->status.check("Placeholder");
  return {operation, 0};
}

std::vector<int64_t> staticShape(Trace& trace, TF_Output output, const std::string& op) {
  TF_DataType dtype = TF_OperationOutputType(output);
  int rank = TF_GraphGetTensorNumDims(trace.graph, output, engine->status);
  engine->status.check("shape of " + op);
  // Lists of tensors, iterators and the like are no tensors that JavaScript could look at.
  if (rank < 0 && (dtype == TF_VARIANT || dtype == TF_RESOURCE)) return {};
  std::vector<int64_t> shape(rank < 0 ? 0 : rank, -1);
  if (rank > 0) {
    TF_GraphGetTensorShape(trace.graph, output, shape.data(), rank, engine->status);
    engine->status.check("shape of " + op);
  }
  bool known = rank >= 0;
  for (int64_t dimension : shape) known = known && dimension >= 0;
  if (!known) {
    throw Error("The shape of the result of " + op +
                " depends on data, and compile() needs shapes while it traces. Compute it outside of the compiled "
                "function, or use an op whose shape does not depend on values (a mask and tf.where instead of "
                "tf.booleanMaskAsync, for example).");
  }
  return shape;
}

TF_Output outputIn(Trace& trace, int32_t id) {
  // A copy: adding to the table may move it.
  Tensor tensor = engine->tensor(id);
  if (!tensor.handle && tensor.trace == trace.number) return tensor.output;
  uint64_t key = static_cast<uint64_t>(id) << 32 | tensor.serial;
  auto known = trace.captureIndex.find(key);
  if (known != trace.captureIndex.end()) return trace.captureOutputs[known->second];
  TF_Output placeholder;
  TFE_TensorHandle* held = nullptr;
  if (tensor.handle) {
    placeholder = addPlaceholder(trace, TFE_TensorHandleDataType(tensor.handle), shapeOf(tensor.handle));
    held = TFE_TensorHandleCopySharingTensor(tensor.handle, engine->status);
    engine->status.check("capture");
  } else {
    Trace* outer = engine->traceNumbered(tensor.trace);
    if (!outer) {
      throw Error("This tensor was made inside another trace of compile(), which has ended: it has no value here.");
    }
    placeholder =
        addPlaceholder(trace, TF_OperationOutputType(tensor.output), staticShape(*outer, tensor.output, "capture"));
  }
  trace.captureIndex[key] = trace.captures.size();
  trace.captures.push_back({id, tensor.serial});
  trace.captureOutputs.push_back(placeholder);
  trace.captureHandles.push_back(held);
  return placeholder;
}

napi_value traceBegin(napi_env env, napi_callback_info) {
  engine->context();
  return fromInt(env, engine->beginTrace());
}

napi_value traceEnd(napi_env, napi_callback_info) {
  engine->endTrace();
  return nullptr;
}

napi_value traceNumber(napi_env env, napi_callback_info) {
  Trace* trace = engine->trace();
  return fromInt(env, trace ? trace->number : 0);
}

napi_value tracePlaceholder(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  Trace* trace = engine->trace();
  if (!trace) throw Error("tracePlaceholder: no trace is open.");
  TF_Output output =
      addPlaceholder(*trace, static_cast<TF_DataType>(toInt(env, arguments[0])), toInt64s(env, arguments[1]));
  trace->placeholders.push_back(output);
  return metadataOf(env, engine->add(output, trace->number), true);
}

napi_value isConstant(napi_env env, napi_callback_info info) {
  const Tensor& tensor = engine->tensor(toInt(env, Arguments<1>(env, info)[0]));
  bool constant = !tensor.handle && engine->traceNumbered(tensor.trace) &&
                  std::string(TF_OperationOpType(tensor.output.oper)) == "Const";
  return fromBool(env, constant);
}

napi_value traceOf(napi_env env, napi_callback_info info) {
  return fromInt(env, engine->tensor(toInt(env, Arguments<1>(env, info)[0])).trace);
}

}  // namespace gradbook
