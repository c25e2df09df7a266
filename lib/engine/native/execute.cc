// One op: run at once, or, while a trace is open, written into its graph.
#include <cstdio>

#include "attributes.h"
#include "functions.h"
#include "javascript.h"
#include "op_definitions.h"

namespace gradbook {

namespace {

constexpr int maxOutputs = 256;

std::string gigabytes(double bytes) {
  char text[32];
  snprintf(text, sizeof(text), bytes < 1e9 ? "%.0f MB" : "%.2f GB", bytes < 1e9 ? bytes / 1e6 : bytes / 1e9);
  return text;
}

// Bytes of the allocation that was refused, from "... shape[1024,16] and type float ..."; 0 when it does not say.
double refusedBytes(const std::string& message) {
  size_t at = message.find("shape[");
  if (at == std::string::npos) return 0;
  double elements = 1;
  const char* text = message.c_str() + at + 6;
  while (*text && *text != ']') {
    char* next;
    elements *= strtod(text, &next);
    if (next == text) break;
    text = *next == ',' ? next + 1 : next;
  }
  bool wide = message.find("type double") != std::string::npos || message.find("type int64") != std::string::npos ||
              message.find("type complex64") != std::string::npos;
  bool narrow = message.find("type bool") != std::string::npos || message.find("type uint8") != std::string::npos;
  return elements * (wide ? 8 : narrow ? 1 : 4);
}

napi_value executeNow(napi_env env, const char* name, napi_value attributes, napi_value inputs, int outputs) {
  OpInUse op(*engine, name);
  setAttributes(env, attributes, op);
  uint32_t count = lengthOf(env, inputs);
  std::vector<TFE_TensorHandle*> handles(count);
  for (uint32_t i = 0; i < count; i++) {
    int32_t id = toInt(env, elementOf(env, inputs, i));
    handles[i] = engine->handle(id);
    op.addInput(handles[i], engine->tensor(id).bytes);
  }
  TFE_TensorHandle* results[maxOutputs];
  TFE_Execute(op, results, &outputs, engine->status);
  checkExecution(engine->status, name, handles);
  napi_value list;
  std::vector<int32_t> ids(outputs);
  for (int i = 0; i < outputs; i++) ids[i] = engine->add(results[i]);
  checkLimit(name, handles, ids.data(), outputs);
  require(napi_create_array_with_length(env, outputs, &list), "outputs");
  for (int i = 0; i < outputs; i++) require(napi_set_element(env, list, i, metadataOf(env, ids[i], false)), "outputs");
  reportMemory(env);
  return list;
}

void addInputs(TF_OperationDescription* node, const OpDefinition& definition, const ListLengths& lengths,
               const std::vector<TF_Output>& inputs) {
  size_t at = 0;
  for (size_t i = 0; i < definition.inputs.size(); i++) {
    const OpInput& input = definition.inputs[i];
    if (!input.isList()) {
      if (at < inputs.size()) TF_AddInput(node, inputs[at++]);
      continue;
    }
    auto length = lengths.find(input.numberAttribute.empty() ? input.typeListAttribute : input.numberAttribute);
    // Without a word about the length, the list takes what later inputs leave.
    size_t rest = inputs.size() - at, later = definition.inputs.size() - i - 1;
    size_t count = length != lengths.end() ? static_cast<size_t>(length->second) : rest - std::min(rest, later);
    if (count > rest) throw Error("an input list needs " + std::to_string(count) + " tensors");
    TF_AddInputList(node, inputs.data() + at, static_cast<int>(count));
    at += count;
  }
}

napi_value executeInTrace(napi_env env, Trace& trace, const char* name, napi_value attributes, napi_value inputs,
                          int outputs) {
  const OpDefinition& definition = opDefinition(name);
  std::vector<TF_Output> values;
  for (int32_t id : toInts(env, inputs)) values.push_back(outputIn(trace, id));
  TF_OperationDescription* node = TF_NewOperation(trace.graph, name, trace.nextName("op").c_str());
  ListLengths lengths;
  TF_Operation* operation = nullptr;
  try {
    setAttributes(env, attributes, node, lengths);
    addInputs(node, definition, lengths, values);
  } catch (...) {
    // A description can only be ended by finishing it; the half-made node belongs to no function.
    TF_FinishOperation(node, engine->status);
    TF_SetStatus(engine->status, TF_OK, "");
    throw;
  }
  operation = TF_FinishOperation(node, engine->status);
  engine->status.check(name);
  trace.histogram[name]++;
  int made = TF_OperationNumOutputs(operation);
  if (definition.stateful) {
    trace.stateful = true;
    if (made == 0) trace.effects.push_back(operation);
  }
  if (outputs > made) outputs = made;
  std::vector<int32_t> ids(outputs);
  for (int i = 0; i < outputs; i++) {
    staticShape(trace, {operation, i}, name);
    ids[i] = engine->add({operation, i}, trace.number);
  }
  napi_value list;
  require(napi_create_array_with_length(env, outputs, &list), "outputs");
  for (int i = 0; i < outputs; i++) require(napi_set_element(env, list, i, metadataOf(env, ids[i], true)), "outputs");
  return list;
}

}  // namespace

Error outOfMemory(const std::string& what, double bytes, const std::string& details) {
  std::string text = "Out of memory: " + what;
  text += bytes > 0 ? " needs " + gigabytes(bytes) + " more; " : " needs more memory than there is; ";
  text += gigabytes(static_cast<double>(engine->bytes));
  if (engine->limitBytes > 0) text += " of the " + gigabytes(static_cast<double>(engine->limitBytes)) + " limit";
  text += " are in use by " + std::to_string(engine->aliveTensors()) +
          " tensors. Release tensors (tf.tidy, using, dispose), make the batch smaller, or raise "
          "GRADBOOK_MEMORY_LIMIT.";
  if (!details.empty()) text += " (" + details.substr(0, 300) + ")";
  return Error(text);
}

namespace {

std::string withInputs(const std::string& what, const std::vector<TFE_TensorHandle*>& inputs) {
  std::string text = what;
  for (size_t i = 0; i < inputs.size() && i < 4; i++) text += (i ? " and " : " of ") + describe(inputs[i]);
  if (inputs.size() > 4) text += " and " + std::to_string(inputs.size() - 4) + " more";
  return text;
}

}  // namespace

void checkLimit(const std::string& what, const std::vector<TFE_TensorHandle*>& inputs, const int32_t* ids, int count) {
  int64_t needed = 0;
  for (int i = 0; i < count; i++) needed += engine->tensor(ids[i]).bytes;
  if (needed <= smallBytes || !engine->isOverLimit()) return;
  std::string text = withInputs(what, inputs);
  for (int i = 0; i < count; i++) engine->remove(ids[i]);
  throw outOfMemory(text, static_cast<double>(needed));
}

void checkExecution(const Status& status, const std::string& what, const std::vector<TFE_TensorHandle*>& inputs) {
  if (status.ok()) return;
  if (status.code() != TF_RESOURCE_EXHAUSTED) status.check(what);
  std::string message = status.message();
  TF_SetStatus(status, TF_OK, "");
  throw outOfMemory(withInputs(what, inputs), refusedBytes(message), message);
}

napi_value executeOp(napi_env env, napi_callback_info info) {
  Arguments<4> arguments(env, info);
  char name[128];
  size_t length;
  require(napi_get_value_string_utf8(env, arguments[0], name, sizeof(name), &length), "op name");
  int outputs = toInt(env, arguments[3]);
  if (outputs < 0 || outputs > maxOutputs) throw Error(std::string(name) + ": too many outputs");
  Trace* trace = engine->trace();
  if (trace) return executeInTrace(env, *trace, name, arguments[1], arguments[2], outputs);
  return executeNow(env, name, arguments[1], arguments[2], outputs);
}

}  // namespace gradbook
