// The addon's entry: one engine for each JavaScript thread, and the names that JavaScript sees.
// ../tensorflow/binding.ts says what each of them does.
#include <dlfcn.h>
#include <tensorflow/c/c_api.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "functions.h"
#include "javascript.h"

// libuv's, which is part of Node.
extern "C" uv_loop_s* uv_default_loop(void);

namespace gradbook {

namespace {

// TensorFlow's own pool for the host's memory knows a limit: beyond it an op fails, where the system would end the
// process. It is chosen by the environment, before the first allocation. The user's own choice stays. Its limit is above
// ours (Engine::isOverLimit), because whoever asks a full pool for memory waits ten seconds, be it for four bytes.
void limitHostMemory(int64_t bytes) {
  constexpr int64_t megabyte = 1 << 20;
  if (bytes <= 0) return;
  setenv("TF_CPU_ALLOCATOR_USE_BFC", "true", 0);
  int64_t room = std::min(bytes / 4, 512 * megabyte);
  setenv("TF_CPU_BFC_MEM_LIMIT_IN_MB", std::to_string(std::max<int64_t>((bytes + room) / megabyte, 1)).c_str(), 0);
}

}  // namespace

napi_value start(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  Bytes config = toBytes(env, arguments[0]);
  engine->limitBytes = toInt64(env, arguments[1]);
  limitHostMemory(engine->limitBytes);
  engine->start(config.data, config.bytes);
  TF_DeviceList* list = TFE_ContextListDevices(engine->context(), engine->status);
  engine->status.check("devices");
  for (int i = 0; i < TF_DeviceListCount(list); i++) {
    const char* type = TF_DeviceListType(list, i, engine->status);
    if (type && std::string(type) == "GPU") engine->usesGpu = true;
  }
  TF_DeleteDeviceList(list);
  return nullptr;
}

napi_value devices(napi_env env, napi_callback_info) {
  TF_DeviceList* list = TFE_ContextListDevices(engine->context(), engine->status);
  engine->status.check("devices");
  std::unique_ptr<TF_DeviceList, void (*)(TF_DeviceList*)> guard(list, TF_DeleteDeviceList);
  napi_value result;
  int count = TF_DeviceListCount(list);
  require(napi_create_array_with_length(env, count, &result), "devices");
  for (int i = 0; i < count; i++) {
    napi_value device = newObject(env);
    set(env, device, "name", fromString(env, TF_DeviceListName(list, i, engine->status)));
    set(env, device, "type", fromString(env, TF_DeviceListType(list, i, engine->status)));
    set(env, device, "memoryBytes",
        fromDouble(env, static_cast<double>(TF_DeviceListMemoryBytes(list, i, engine->status))));
    require(napi_set_element(env, result, i, device), "devices");
  }
  return result;
}

napi_value setDevice(napi_env env, napi_callback_info info) {
  std::string name = toString(env, Arguments<1>(env, info)[0]);
  if (!name.empty()) {
    TFE_Op* op = TFE_NewOp(engine->context(), "NoOp", engine->status);
    engine->status.check("NoOp");
    TFE_OpSetDevice(op, name.c_str(), engine->status);
    int none = 0;
    if (engine->status.ok()) TFE_Execute(op, nullptr, &none, engine->status);
    TFE_DeleteOp(op);
    engine->status.check("There is no device " + name);
  }
  engine->device = name;
  return nullptr;
}

napi_value memory(napi_env env, napi_callback_info) {
  napi_value result = newObject(env);
  set(env, result, "bytes", fromDouble(env, static_cast<double>(engine->bytes)));
  set(env, result, "peakBytes", fromDouble(env, static_cast<double>(engine->peakBytes)));
  set(env, result, "tensors", fromInt(env, engine->aliveTensors()));
  set(env, result, "functions", fromInt(env, static_cast<int32_t>(engine->functions.size())));
  set(env, result, "limitBytes", fromDouble(env, static_cast<double>(engine->limitBytes)));
  return result;
}

napi_value resetPeak(napi_env, napi_callback_info) {
  engine->peakBytes = engine->bytes;
  return nullptr;
}

napi_value setTensorFloat32(napi_env env, napi_callback_info info) {
  // Not part of the C interface: tsl::enable_tensor_float_32_execution(bool).
  using Setter = void (*)(bool);
  Setter setter = reinterpret_cast<Setter>(dlsym(RTLD_DEFAULT, "_ZN3tsl32enable_tensor_float_32_executionEb"));
  if (!setter) throw Error("This TensorFlow has no switch for TF32.");
  setter(toBool(env, Arguments<1>(env, info)[0]));
  return nullptr;
}

napi_value getNumOfTensors(napi_env env, napi_callback_info) { return fromInt(env, engine->aliveTensors()); }

napi_value isUsingGpuDevice(napi_env env, napi_callback_info) { return fromBool(env, engine->usesGpu); }

namespace {

// The process's own end frees everything at once; only a worker thread's end must do it piece by piece.
void endEngine(void* ofWorker) {
  Engine* ending = engine;
  engine = nullptr;
  if (ofWorker) delete ending;
}

bool isMainThread(napi_env env) {
  uv_loop_s* loop = nullptr;
  return napi_get_uv_event_loop(env, &loop) == napi_ok && loop == uv_default_loop();
}

// For functions that add tensors: when JavaScript does not get the result, nobody would ever delete them. That is so after an
// error, and when JavaScript is about to be ended by an interrupt that came meanwhile. During a short call that is unlikely, and
// looking would take a tenth of its time.
template <Function function>
napi_value making(napi_env env, napi_callback_info info) {
  using Clock = std::chrono::steady_clock;
  constexpr auto shortTime = std::chrono::microseconds(200);
  engine->beginCall();
  const auto start = Clock::now();
  try {
    napi_value result = function(env, info);
    if (Clock::now() - start > shortTime && isTerminated(env)) throw Error("interrupted");
    return result;
  } catch (...) {
    engine->undoCall();
    throw;
  }
}

struct Export {
  const char* name;
  Function function;
};

#define GRADBOOK_EXPORT(name) {#name, guarded<name>}
#define GRADBOOK_EXPORT_MAKING(name) {#name, guarded<making<name>>}
const Export exported[] = {
    GRADBOOK_EXPORT(start),               GRADBOOK_EXPORT(devices),
    GRADBOOK_EXPORT(setDevice),           GRADBOOK_EXPORT(memory),
    GRADBOOK_EXPORT(resetPeak),           GRADBOOK_EXPORT(setTensorFloat32),
    GRADBOOK_EXPORT(getNumOfTensors),     GRADBOOK_EXPORT(isUsingGpuDevice),
    GRADBOOK_EXPORT(deleteTensor),        GRADBOOK_EXPORT(tensorDataSync),
    GRADBOOK_EXPORT(own),                 GRADBOOK_EXPORT(deviceOf),
    GRADBOOK_EXPORT(metadata),            GRADBOOK_EXPORT(traceBegin),
    GRADBOOK_EXPORT(traceEnd),            GRADBOOK_EXPORT(traceNumber),
    GRADBOOK_EXPORT(isConstant),          GRADBOOK_EXPORT(traceOf),
    GRADBOOK_EXPORT(traceFunction),       GRADBOOK_EXPORT(releaseCapture),
    GRADBOOK_EXPORT(deleteFunction),      GRADBOOK_EXPORT(loadSavedModel),
    GRADBOOK_EXPORT(deleteSavedModel),    GRADBOOK_EXPORT(getNumOfSavedModels),
    GRADBOOK_EXPORT_MAKING(createTensor),       GRADBOOK_EXPORT_MAKING(createTensorEager),
    GRADBOOK_EXPORT_MAKING(copyTensor),         GRADBOOK_EXPORT_MAKING(executeOp),
    GRADBOOK_EXPORT_MAKING(tracePlaceholder),   GRADBOOK_EXPORT_MAKING(runFunction),
    GRADBOOK_EXPORT_MAKING(runSavedModel),
};

struct Constant {
  const char* name;
  int value;
};

const Constant constants[] = {
    {"TF_FLOAT", TF_FLOAT},
    {"TF_INT32", TF_INT32},
    {"TF_INT64", TF_INT64},
    {"TF_BOOL", TF_BOOL},
    {"TF_COMPLEX64", TF_COMPLEX64},
    {"TF_STRING", TF_STRING},
    {"TF_RESOURCE", TF_RESOURCE},
    {"TF_UINT8", TF_UINT8},
    {"TF_BFLOAT16", TF_BFLOAT16},
    {"TF_VARIANT", TF_VARIANT},
    {"TF_ATTR_STRING", TF_ATTR_STRING},
    {"TF_ATTR_INT", TF_ATTR_INT},
    {"TF_ATTR_FLOAT", TF_ATTR_FLOAT},
    {"TF_ATTR_BOOL", TF_ATTR_BOOL},
    {"TF_ATTR_TYPE", TF_ATTR_TYPE},
    {"TF_ATTR_SHAPE", TF_ATTR_SHAPE},
    {"TF_ATTR_FUNC", TF_ATTR_FUNC},
    // tfjs-node's interface has it; TensorFlow has no such attribute.
    {"TF_ATTR_RESOURCE", TF_RESOURCE},
};

napi_value initialise(napi_env env, napi_value exports) {
  if (!engine) {
    engine = new Engine();
    napi_add_env_cleanup_hook(env, endEngine, isMainThread(env) ? nullptr : engine);
  }
  prepareKeys(env);
  for (const Export& each : exported) {
    napi_value function;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.function, nullptr, &function);
    napi_set_named_property(env, exports, each.name, function);
  }
  for (const Constant& each : constants) napi_set_named_property(env, exports, each.name, fromInt(env, each.value));
  napi_set_named_property(env, exports, "TF_Version", fromString(env, TF_Version()));
  return exports;
}

}  // namespace
}  // namespace gradbook

NAPI_MODULE_INIT() {
  try {
    return gradbook::initialise(env, exports);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}
