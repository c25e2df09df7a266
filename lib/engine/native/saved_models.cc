// TensorFlow's SavedModels: a graph with its variables, run by a session.
#include "functions.h"
#include "javascript.h"

namespace gradbook {

namespace {

std::vector<std::string> splitByComma(const std::string& text) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (from <= text.size()) {
    size_t comma = std::min(text.find(',', from), text.size());
    if (comma > from) parts.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

SavedModel& savedModel(int32_t id) {
  auto found = engine->savedModels.find(id);
  if (found == engine->savedModels.end()) {
    throw Error("SavedModel " + std::to_string(id) + " is not loaded: it has been disposed.");
  }
  return found->second;
}

// "serving_default_x:0" names output 0 of an op.
TF_Output outputNamed(TF_Graph* graph, const std::string& name) {
  size_t colon = name.find(':');
  TF_Operation* operation = TF_GraphOperationByName(graph, name.substr(0, colon).c_str());
  if (!operation) throw Error("The SavedModel has no op named " + name.substr(0, colon) + ".");
  return {operation, colon == std::string::npos ? 0 : atoi(name.c_str() + colon + 1)};
}

}  // namespace

napi_value loadSavedModel(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  std::string folder = toString(env, arguments[0]);
  std::vector<std::string> tags = splitByComma(toString(env, arguments[1]));
  std::vector<const char*> tagPointers;
  for (auto& tag : tags) tagPointers.push_back(tag.c_str());
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_Buffer* description = TF_NewBuffer();
  TF_Graph* graph = TF_NewGraph();
  TF_Session* session =
      TF_LoadSessionFromSavedModel(options, nullptr, folder.c_str(), tagPointers.data(),
                                   static_cast<int>(tagPointers.size()), graph, description, engine->status);
  TF_DeleteSessionOptions(options);
  TF_DeleteBuffer(description);
  if (!engine->status.ok()) {
    TF_DeleteGraph(graph);
    engine->status.check("Failed to load SavedModel");
  }
  int32_t id = engine->nextSavedModel++;
  engine->savedModels[id] = {session, graph};
  return fromInt(env, id);
}

napi_value deleteSavedModel(napi_env env, napi_callback_info info) {
  int32_t id = toInt(env, Arguments<1>(env, info)[0]);
  SavedModel model = savedModel(id);
  engine->savedModels.erase(id);
  TF_DeleteSession(model.session, engine->status);
  TF_DeleteGraph(model.graph);
  engine->status.check("Failed to delete SavedModel");
  return nullptr;
}

napi_value runSavedModel(napi_env env, napi_callback_info info) {
  Arguments<4> arguments(env, info);
  SavedModel& model = savedModel(toInt(env, arguments[0]));
  std::vector<int32_t> ids = toInts(env, arguments[1]);
  std::vector<std::string> inputNames = splitByComma(toString(env, arguments[2]));
  std::vector<std::string> outputNames = splitByComma(toString(env, arguments[3]));
  if (inputNames.size() != ids.size()) {
    throw Error("Length of input op names (" + std::to_string(inputNames.size()) +
                ") does not match the length of input tensors (" + std::to_string(ids.size()) + ").");
  }
  std::vector<TF_Output> inputs, outputs;
  for (auto& name : inputNames) inputs.push_back(outputNamed(model.graph, name));
  for (auto& name : outputNames) outputs.push_back(outputNamed(model.graph, name));
  struct Values : std::vector<TF_Tensor*> {
    ~Values() {
      for (TF_Tensor* value : *this) {
        if (value) TF_DeleteTensor(value);
      }
    }
  } values, results;
  for (int32_t id : ids) {
    values.push_back(TFE_TensorHandleResolve(engine->handle(id), engine->status));
    engine->status.check("Reading an input");
  }
  results.resize(outputs.size(), nullptr);
  TF_SessionRun(model.session, nullptr, inputs.data(), values.data(), static_cast<int>(inputs.size()), outputs.data(),
                results.data(), static_cast<int>(outputs.size()), nullptr, 0, nullptr, engine->status);
  engine->status.check("Session fail to run with error");
  napi_value list;
  require(napi_create_array_with_length(env, results.size(), &list), "outputs");
  for (uint32_t i = 0; i < results.size(); i++) {
    TFE_TensorHandle* handle = TFE_NewTensorHandle(results[i], engine->status);
    engine->status.check("Reading an output");
    require(napi_set_element(env, list, i, metadataOf(env, engine->add(toDevice(handle)), false)), "outputs");
  }
  reportMemory(env);
  return list;
}

napi_value getNumOfSavedModels(napi_env env, napi_callback_info) {
  return fromInt(env, static_cast<int32_t>(engine->savedModels.size()));
}

}  // namespace gradbook
