// Tensors between JavaScript's memory and TensorFlow's, and who owns them.
#include <algorithm>
#include <cstring>

#include "functions.h"
#include "javascript.h"

namespace gradbook {

namespace {

// Above so many bytes a constant made while tracing stays a tensor that the function captures: graphs are for code.
constexpr size_t maxConstantBytes = 64 * 1024;

struct OwnedTensor {
  int32_t id;
  uint32_t serial;
};

// Runs inside the garbage collector: it may touch no JavaScript.
void freeOwned(node_api_basic_env, void* data, void*) {
  OwnedTensor* owned = static_cast<OwnedTensor*>(data);
  if (engine) engine->removeIf(owned->id, owned->serial);
  delete owned;
}

void ownTensor(napi_env env, napi_value owner, int32_t id) {
  OwnedTensor* owned = new OwnedTensor{id, engine->tensor(id).serial};
  if (napi_wrap(env, owner, owned, freeOwned, nullptr, nullptr) != napi_ok) {
    delete owned;
    throw Error("own: this object owns a tensor already.");
  }
}

// TensorFlow ends the process at a shape that is none.
int64_t elementsOf(const std::vector<int64_t>& shape) {
  constexpr size_t maxRank = 254;
  if (shape.size() > maxRank) throw Error("createTensor: a tensor has at most 254 dimensions.");
  int64_t elements = 1;
  for (int64_t dimension : shape) {
    if (dimension < 0) throw Error("createTensor: dimension " + std::to_string(dimension) + " is negative.");
    if (__builtin_mul_overflow(elements, dimension, &elements)) {
      throw Error("createTensor: a tensor of that shape would have more than 2^63 elements.");
    }
  }
  return elements;
}

TF_Tensor* stringTensor(napi_env env, const std::vector<int64_t>& shape, napi_value values) {
  int64_t elements = elementsOf(shape);
  if (lengthOf(env, values) != static_cast<uint64_t>(elements)) {
    throw Error("createTensor: " + std::to_string(lengthOf(env, values)) + " strings were given, the shape needs " +
                std::to_string(elements) + ".");
  }
  TF_Tensor* tensor =
      TF_AllocateTensor(TF_STRING, shape.data(), static_cast<int>(shape.size()), elements * sizeof(TF_TString));
  if (!tensor || (elements > 0 && !TF_TensorData(tensor))) {
    if (tensor) TF_DeleteTensor(tensor);
    throw outOfMemory("a tensor of " + std::to_string(elements) + " strings", 0);
  }
  TF_TString* strings = static_cast<TF_TString*>(TF_TensorData(tensor));
  for (int64_t i = 0; i < elements; i++) {
    TF_StringInit(&strings[i]);
    napi_value value = elementOf(env, values, static_cast<uint32_t>(i));
    if (isTypedArray(env, value)) {
      Bytes bytes = toBytes(env, value);
      TF_StringCopy(&strings[i], static_cast<const char*>(bytes.data), bytes.bytes);
    } else {
      std::string text = toString(env, value);
      TF_StringCopy(&strings[i], text.data(), text.size());
    }
  }
  return tensor;
}

void fillFromArray(napi_env env, TF_DataType dtype, napi_value values, int64_t elements, void* target) {
  for (int64_t i = 0; i < elements; i++) {
    napi_value number;
    require(napi_coerce_to_number(env, elementOf(env, values, static_cast<uint32_t>(i)), &number), "value");
    double value = toDouble(env, number);
    if (dtype == TF_FLOAT) {
      static_cast<float*>(target)[i] = static_cast<float>(value);
    } else if (dtype == TF_INT32) {
      static_cast<int32_t*>(target)[i] = static_cast<int32_t>(value);
    } else if (dtype == TF_INT64) {
      static_cast<int64_t*>(target)[i] = static_cast<int64_t>(value);
    } else {
      static_cast<uint8_t*>(target)[i] = static_cast<uint8_t>(value);
    }
  }
}

TF_Tensor* numberTensor(napi_env env, const std::vector<int64_t>& shape, TF_DataType dtype, napi_value values) {
  int64_t elements = elementsOf(shape);
  size_t width = TF_DataTypeSize(dtype);
  size_t needed = static_cast<size_t>(elements) * width;
  bool typed = isTypedArray(env, values);
  if (!typed && dtype == TF_COMPLEX64) throw Error("createTensor: complex64 is given as a Float32Array of pairs.");
  Bytes bytes{};
  size_t given = typed ? (bytes = toBytes(env, values)).bytes : lengthOf(env, values) * width;
  if (given != needed) {
    throw Error("createTensor: the values hold " + std::to_string(given) + " bytes, shape and dtype (" +
                dtypeName(dtype) + ") need " + std::to_string(needed) + ".");
  }
  bool fits = needed <= smallBytes || !engine->isOverLimit(static_cast<int64_t>(needed));
  TF_Tensor* tensor =
      fits ? TF_AllocateTensor(dtype, shape.data(), static_cast<int>(shape.size()), needed) : nullptr;
  // Where the allocator refuses, there is a tensor without memory.
  if (!tensor || (needed > 0 && !TF_TensorData(tensor))) {
    if (tensor) TF_DeleteTensor(tensor);
    std::string dimensions;
    for (int64_t dimension : shape) dimensions += (dimensions.empty() ? "" : ", ") + std::to_string(dimension);
    throw outOfMemory("a tensor " + dtypeName(dtype) + " [" + dimensions + "]", static_cast<double>(needed));
  }
  if (typed) {
    if (needed > 0) std::memcpy(TF_TensorData(tensor), bytes.data, needed);
  } else {
    fillFromArray(env, dtype, values, elements, TF_TensorData(tensor));
  }
  return tensor;
}

napi_value create(napi_env env, napi_callback_info info, bool mayTrace) {
  Arguments<3> arguments(env, info);
  std::vector<int64_t> shape = toInt64s(env, arguments[0]);
  TF_DataType dtype = static_cast<TF_DataType>(toInt(env, arguments[1]));
  TF_Tensor* value =
      dtype == TF_STRING ? stringTensor(env, shape, arguments[2]) : numberTensor(env, shape, dtype, arguments[2]);
  std::unique_ptr<TF_Tensor, void (*)(TF_Tensor*)> guard(value, TF_DeleteTensor);
  Trace* trace = mayTrace ? engine->trace() : nullptr;
  if (trace && TF_TensorByteSize(value) <= maxConstantBytes) {
    return fromInt(env, engine->add(addConstant(*trace, value), trace->number));
  }
  TFE_TensorHandle* handle = TFE_NewTensorHandle(value, engine->status);
  engine->status.check("createTensor");
  int32_t id = engine->add(toDevice(handle));
  reportMemory(env);
  return fromInt(env, id);
}

napi_value readStrings(napi_env env, TF_Tensor* tensor) {
  size_t elements = TF_TensorElementCount(tensor);
  const TF_TString* strings = static_cast<const TF_TString*>(TF_TensorData(tensor));
  napi_value array;
  require(napi_create_array_with_length(env, elements, &array), "array");
  for (size_t i = 0; i < elements; i++) {
    napi_value buffer, bytes;
    void* data;
    size_t length = TF_StringGetSize(&strings[i]);
    require(napi_create_arraybuffer(env, length, &data, &buffer), "buffer");
    if (length > 0) std::memcpy(data, TF_StringGetDataPointer(&strings[i]), length);
    require(napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &bytes), "bytes");
    require(napi_set_element(env, array, static_cast<uint32_t>(i), bytes), "bytes");
  }
  return array;
}

napi_value readNumbers(napi_env env, TF_Tensor* tensor) {
  TF_DataType dtype = TF_TensorType(tensor);
  size_t elements = TF_TensorElementCount(tensor);
  napi_typedarray_type type;
  switch (dtype) {
    case TF_FLOAT:
      type = napi_float32_array;
      break;
    // Pairs of real and imaginary part.
    case TF_COMPLEX64:
      type = napi_float32_array;
      elements *= 2;
      break;
    case TF_INT32:
      type = napi_int32_array;
      break;
    case TF_INT64:
      type = napi_bigint64_array;
      break;
    case TF_BOOL:
    case TF_UINT8:
      type = napi_uint8_array;
      break;
    default:
      throw Error("A tensor of " + dtypeName(dtype) + " cannot be read from JavaScript; cast it to float32 first.");
  }
  size_t bytes = TF_TensorByteSize(tensor);
  napi_value buffer, result;
  void* data;
  require(napi_create_arraybuffer(env, bytes, &data, &buffer), "no memory for the values of a tensor");
  if (bytes > 0) std::memcpy(data, TF_TensorData(tensor), bytes);
  require(napi_create_typedarray(env, type, elements, buffer, 0, &result), "typed array");
  return result;
}

}  // namespace

napi_value createTensor(napi_env env, napi_callback_info info) { return create(env, info, true); }
napi_value createTensorEager(napi_env env, napi_callback_info info) { return create(env, info, false); }

napi_value deleteTensor(napi_env env, napi_callback_info info) {
  engine->remove(toInt(env, Arguments<1>(env, info)[0]));
  return nullptr;
}

napi_value tensorDataSync(napi_env env, napi_callback_info info) {
  int32_t id = toInt(env, Arguments<1>(env, info)[0]);
  if (!engine->tensor(id).handle) throw Error("The value of this tensor is not known while compile() traces.");
  TF_Tensor* value = TFE_TensorHandleResolve(engine->handle(id), engine->status);
  engine->status.check("Reading a tensor");
  std::unique_ptr<TF_Tensor, void (*)(TF_Tensor*)> guard(value, TF_DeleteTensor);
  return TF_TensorType(value) == TF_STRING ? readStrings(env, value) : readNumbers(env, value);
}

napi_value own(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  ownTensor(env, arguments[0], toInt(env, arguments[1]));
  return nullptr;
}

napi_value copyTensor(napi_env env, napi_callback_info info) {
  int32_t id = toInt(env, Arguments<1>(env, info)[0]);
  TFE_TensorHandle* copy = TFE_TensorHandleCopySharingTensor(engine->handle(id), engine->status);
  engine->status.check("copyTensor");
  return fromInt(env, engine->add(copy));
}

napi_value deviceOf(napi_env env, napi_callback_info info) {
  int32_t id = toInt(env, Arguments<1>(env, info)[0]);
  const char* name = TFE_TensorHandleBackingDeviceName(engine->handle(id), engine->status);
  engine->status.check("deviceOf");
  return fromString(env, name);
}

napi_value metadata(napi_env env, napi_callback_info info) {
  int32_t id = toInt(env, Arguments<1>(env, info)[0]);
  Tensor& tensor = engine->tensor(id);
  std::vector<int64_t> shape;
  TF_DataType dtype;
  if (tensor.handle) {
    shape = shapeOf(tensor.handle);
    dtype = TFE_TensorHandleDataType(tensor.handle);
  } else {
    Trace* trace = engine->traceNumbered(tensor.trace);
    if (!trace) throw Error("This tensor belongs to a trace of compile() that has ended.");
    shape = staticShape(*trace, tensor.output, "metadata");
    dtype = TF_OperationOutputType(tensor.output);
  }
  napi_value object = newObject(env);
  std::vector<int32_t> dimensions(shape.begin(), shape.end());
  set(env, object, "id", fromInt(env, id));
  set(env, object, "shape", fromInts(env, dimensions));
  set(env, object, "dtype", fromInt(env, dtype));
  return object;
}

napi_value metadataOf(napi_env env, int32_t id, bool owns) {
  Tensor& tensor = engine->tensor(id);
  Keys keys(env);
  napi_value object = newObject(env), shape;
  require(napi_set_property(env, object, keys[kId], fromInt(env, id)), "id");
  TF_DataType dtype;
  if (tensor.handle) {
    int rank = TFE_TensorHandleNumDims(tensor.handle, engine->status);
    engine->status.check("shape");
    require(napi_create_array_with_length(env, rank, &shape), "shape");
    for (int i = 0; i < rank; i++) {
      int64_t dimension = TFE_TensorHandleDim(tensor.handle, i, engine->status);
      bool small = dimension <= INT32_MAX;
      napi_value number =
          small ? fromInt(env, static_cast<int32_t>(dimension)) : fromDouble(env, static_cast<double>(dimension));
      require(napi_set_element(env, shape, i, number), "shape");
    }
    dtype = TFE_TensorHandleDataType(tensor.handle);
  } else {
    Trace* trace = engine->traceNumbered(tensor.trace);
    std::vector<int64_t> dimensions =
        staticShape(*trace, tensor.output, TF_OperationOpType(tensor.output.oper));
    shape = fromInts(env, std::vector<int32_t>(dimensions.begin(), dimensions.end()));
    dtype = TF_OperationOutputType(tensor.output);
  }
  require(napi_set_property(env, object, keys[kShape], shape), "shape");
  require(napi_set_property(env, object, keys[kDtype], fromInt(env, dtype)), "dtype");
  if (owns) ownTensor(env, object, id);
  return object;
}

TFE_TensorHandle* toDevice(TFE_TensorHandle* handle) {
  TF_DataType dtype = TFE_TensorHandleDataType(handle);
  bool stays = dtype == TF_INT32 || dtype == TF_STRING || dtype == TF_INT64;
  if (stays || (engine->device.empty() && !engine->usesGpu)) return handle;
  std::string name = engine->device.empty() ? "/device:GPU:0" : engine->device;
  TFE_TensorHandle* moved = TFE_TensorHandleCopyToDevice(handle, engine->context(), name.c_str(), engine->status);
  TFE_DeleteTensorHandle(handle);
  engine->status.check("Copying a tensor to " + name);
  return moved;
}

// V8 counts memory outside its heap and collects when it grows; collecting because of temporaries that JavaScript disposes
// itself took 40 % of an eager training step. So V8 hears of growth beyond a step's usual swing only. Where V8 turns out to be
// who frees (tensors that nobody disposes), it hears of each 256 MB; where not, of ever larger growth.
void reportMemory(napi_env env) {
  constexpr int64_t usual = 256 << 20;
  const int64_t limit = engine->limitBytes;
  const int64_t smallest = limit > 0 ? std::min(usual, limit / 8) : usual;
  const int64_t largest = limit > 0 ? std::max(smallest, limit / 8) : 8 * usual;
  static thread_local int64_t reported = 0, lowest = 0, collectedBefore = 0, growth = 0;
  growth = std::max(growth, smallest);
  lowest = std::min(lowest, engine->bytes);
  if (engine->bytes - lowest < growth) return;
  int64_t total;
  // Down to the lowest point first: only a rise makes V8 collect.
  napi_adjust_external_memory(env, lowest - reported, &total);
  napi_adjust_external_memory(env, engine->bytes - lowest, &total);
  bool collects = engine->collectedBytes - collectedBefore > growth / 2;
  growth = collects ? smallest : std::min(2 * growth, largest);
  reported = lowest = engine->bytes;
  collectedBefore = engine->collectedBytes;
}

}  // namespace gradbook
