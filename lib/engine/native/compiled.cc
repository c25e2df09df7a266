// Functions made of traces: building, running and deleting them.
#include <unordered_set>

#include "functions.h"
#include "javascript.h"

namespace gradbook {

namespace {

struct FunctionDeleter {
  void operator()(TF_Function* function) const { TF_DeleteFunction(function); }
};

// A function's outputs must be no inputs of it, and all different: each gets a node of its own.
TF_Output addIdentity(Trace& trace, TF_Output value) {
  TF_OperationDescription* node = TF_NewOperation(trace.graph, "Identity", trace.nextName("output").c_str());
  TF_AddInput(node, value);
  TF_Operation* operation = TF_FinishOperation(node, engine->status);
  engine->status.check("Identity");
  return {operation, 0};
}

// The ops that lead to an output or to an effect. Lifting every op of the graph takes seconds for a large one.
std::vector<const TF_Operation*> bodyOf(const std::vector<TF_Output>& inputs, const std::vector<TF_Output>& outputs,
                                        const std::vector<TF_Operation*>& effects) {
  std::unordered_set<const TF_Operation*> seen;
  for (const TF_Output& input : inputs) seen.insert(input.oper);
  std::vector<TF_Operation*> waiting(effects);
  for (const TF_Output& output : outputs) waiting.push_back(output.oper);
  std::vector<const TF_Operation*> body;
  while (!waiting.empty()) {
    TF_Operation* operation = waiting.back();
    waiting.pop_back();
    if (!seen.insert(operation).second) continue;
    body.push_back(operation);
    int count = TF_OperationNumInputs(operation);
    for (int i = 0; i < count; i++) waiting.push_back(TF_OperationInput({operation, i}).oper);
  }
  return body;
}

std::unique_ptr<TF_Function, FunctionDeleter> build(Trace& trace, const std::string& name,
                                                    const std::vector<TF_Output>& outputs) {
  std::vector<TF_Output> inputs = trace.placeholders;
  inputs.insert(inputs.end(), trace.captureOutputs.begin(), trace.captureOutputs.end());
  std::vector<const TF_Operation*> body = bodyOf(inputs, outputs, trace.effects);
  std::vector<const TF_Operation*> effects(trace.effects.begin(), trace.effects.end());
  std::vector<std::string> effectNames;
  std::vector<const char*> effectNamePointers;
  for (size_t i = 0; i < effects.size(); i++) effectNames.push_back("effect" + std::to_string(i));
  for (auto& effect : effectNames) effectNamePointers.push_back(effect.c_str());
  TF_Function* function = TF_GraphToFunctionWithControlOutputs(
      trace.graph, name.c_str(), 0, static_cast<int>(body.size()), body.data(), static_cast<int>(inputs.size()),
      inputs.data(), static_cast<int>(outputs.size()), outputs.data(), nullptr, static_cast<int>(effects.size()),
      effects.data(), effectNamePointers.data(), nullptr, "", engine->status);
  engine->status.check("Making a function of the trace");
  return std::unique_ptr<TF_Function, FunctionDeleter>(function);
}

std::string optionalName(napi_env env, napi_value options) {
  napi_value value;
  napi_valuetype type;
  require(napi_get_named_property(env, options, "name", &value), "options.name");
  require(napi_typeof(env, value, &type), "options.name");
  return type == napi_string ? toString(env, value) : "compiled";
}

bool wantsXla(napi_env env, napi_value options) {
  napi_value value;
  require(napi_get_named_property(env, options, "xla", &value), "options.xla");
  return toBool(env, value);
}

CompiledFunction& functionOf(int32_t id) {
  auto found = engine->functions.find(id);
  if (found == engine->functions.end()) throw Error("Compiled function " + std::to_string(id) + " was deleted.");
  return found->second;
}

napi_value describeFunction(napi_env env, int32_t id, const CompiledFunction& function, Trace& trace) {
  napi_value result = newObject(env), ops = newObject(env);
  std::vector<int32_t> captures;
  for (const Trace::Capture& capture : trace.captures) {
    captures.push_back(engine->isAlive(capture.id, capture.serial) ? capture.id : 0);
  }
  for (auto& entry : trace.histogram) set(env, ops, entry.first.c_str(), fromInt(env, entry.second));
  set(env, result, "id", fromInt(env, id));
  set(env, result, "name", fromString(env, function.name));
  set(env, result, "captures", fromInts(env, captures));
  set(env, result, "nodes", fromInt(env, trace.nodes));
  set(env, result, "stateful", fromBool(env, trace.stateful));
  set(env, result, "ops", ops);
  return result;
}

}  // namespace

napi_value traceFunction(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  Trace* trace = engine->trace();
  if (!trace) throw Error("traceFunction: no trace is open.");
  std::vector<TF_Output> outputs;
  for (int32_t id : toInts(env, arguments[0])) outputs.push_back(addIdentity(*trace, outputIn(*trace, id)));
  int32_t id = engine->nextFunction++;
  CompiledFunction compiled;
  compiled.name = optionalName(env, arguments[1]) + "_" + std::to_string(id);
  auto function = build(*trace, compiled.name, outputs);
  if (wantsXla(env, arguments[1])) {
    // An AttrValue whose field b (5) is true.
    const uint8_t isTrue[] = {0x28, 1};
    TF_FunctionSetAttrValueProto(function.get(), "_XlaMustCompile", isTrue, sizeof(isTrue), engine->status);
    engine->status.check("_XlaMustCompile");
  }
  TFE_ContextAddFunction(engine->context(), function.get(), engine->status);
  engine->status.check("Adding a function");
  compiled.placeholders = static_cast<int>(trace->placeholders.size());
  compiled.inputs = compiled.placeholders + static_cast<int>(trace->captures.size());
  compiled.outputs = static_cast<int>(outputs.size());
  for (TFE_TensorHandle* handle : trace->captureHandles) {
    TFE_TensorHandle* copy = nullptr;
    if (handle) {
      copy = TFE_TensorHandleCopySharingTensor(handle, engine->status);
      engine->status.check("capture");
    }
    compiled.captures.push_back(copy);
  }
  engine->functions[id] = compiled;
  return describeFunction(env, id, compiled, *trace);
}

napi_value releaseCapture(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  TFE_TensorHandle*& handle = functionOf(toInt(env, arguments[0])).captures.at(toInt(env, arguments[1]));
  if (handle) TFE_DeleteTensorHandle(handle);
  handle = nullptr;
  return nullptr;
}

napi_value deleteFunction(napi_env env, napi_callback_info info) {
  int32_t id = toInt(env, Arguments<1>(env, info)[0]);
  CompiledFunction& function = functionOf(id);
  for (TFE_TensorHandle* handle : function.captures) {
    if (handle) TFE_DeleteTensorHandle(handle);
  }
  TFE_ContextRemoveFunction(engine->context(), function.name.c_str(), engine->status);
  engine->functions.erase(id);
  engine->status.check("Deleting a function");
  return nullptr;
}

napi_value runFunction(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  CompiledFunction& function = functionOf(toInt(env, arguments[0]));
  Bytes bytes = toBytes(env, arguments[1]);
  const int32_t* ids = static_cast<const int32_t*>(bytes.data);
  if (bytes.type != napi_int32_array || static_cast<int>(bytes.elements) != function.inputs) {
    throw Error("runFunction: " + std::to_string(function.inputs) + " inputs were expected, " +
                std::to_string(bytes.elements) + " given.");
  }
  // Checked before anything runs: afterwards nothing may throw.
  Bytes targetBytes = arguments.count > 2 ? toBytes(env, arguments[2]) : Bytes{napi_int32_array, 0, 0, nullptr};
  const int32_t* targets = static_cast<const int32_t*>(targetBytes.data);
  int moved = static_cast<int>(targetBytes.elements);
  if (targetBytes.type != napi_int32_array || moved > function.outputs) {
    throw Error("runFunction: at most " + std::to_string(function.outputs) + " targets were expected, " +
                std::to_string(moved) + " given.");
  }
  for (int i = 0; i < moved; i++) engine->handle(targets[i]);
  OpInUse op(*engine, function.name.c_str());
  if (engine->device.empty() && engine->usesGpu) {
    // A function is not placed where its inputs are: without a word it would run on the host.
    TFE_OpSetDevice(op, "/device:GPU:0", engine->status);
    engine->status.check(function.name);
  }
  std::vector<TFE_TensorHandle*> inputs(function.inputs);
  for (int i = 0; i < function.inputs; i++) {
    TFE_TensorHandle* handle = ids[i] ? engine->handle(ids[i])
                               : i >= function.placeholders ? function.captures[i - function.placeholders]
                                                            : nullptr;
    if (!handle) throw Error("runFunction: input " + std::to_string(i) + " has no value.");
    inputs[i] = handle;
    op.addInput(handle, ids[i] ? engine->tensor(ids[i]).bytes : 0);
  }
  int count = function.outputs;
  std::vector<TFE_TensorHandle*> results(count);
  TFE_Execute(op, results.data(), &count, engine->status);
  checkExecution(engine->status, function.name, inputs);
  int kept = count - moved;
  std::vector<int32_t> made(kept);
  for (int i = 0; i < kept; i++) made[i] = engine->add(results[i]);
  try {
    checkLimit(function.name, inputs, made.data(), kept);
  } catch (...) {
    for (int i = kept; i < count; i++) TFE_DeleteTensorHandle(results[i]);
    throw;
  }
  for (int i = 0; i < moved; i++) engine->moveInto(targets[i], engine->add(results[kept + i]));
  napi_value list;
  require(napi_create_array_with_length(env, kept, &list), "outputs");
  for (int i = 0; i < kept; i++) require(napi_set_element(env, list, i, metadataOf(env, made[i], false)), "outputs");
  reportMemory(env);
  return list;
}

}  // namespace gradbook
