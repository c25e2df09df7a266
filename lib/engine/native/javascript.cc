#include "javascript.h"

namespace gradbook {

std::string toString(napi_env env, napi_value value) {
  char small[128];
  size_t length = 0;
  require(napi_get_value_string_utf8(env, value, small, sizeof(small), &length), "a string was expected");
  if (length < sizeof(small) - 4) return std::string(small, length);
  require(napi_get_value_string_utf8(env, value, nullptr, 0, &length), "a string was expected");
  std::string text(length, '\0');
  require(napi_get_value_string_utf8(env, value, &text[0], length + 1, &length), "a string was expected");
  return text;
}

int32_t toInt(napi_env env, napi_value value) {
  int32_t result;
  require(napi_get_value_int32(env, value, &result), "a number was expected");
  return result;
}

int64_t toInt64(napi_env env, napi_value value) {
  int64_t result;
  require(napi_get_value_int64(env, value, &result), "a number was expected");
  return result;
}

double toDouble(napi_env env, napi_value value) {
  double result;
  require(napi_get_value_double(env, value, &result), "a number was expected");
  return result;
}

bool toBool(napi_env env, napi_value value) {
  napi_value boolean;
  bool result;
  require(napi_coerce_to_bool(env, value, &boolean), "a boolean was expected");
  require(napi_get_value_bool(env, boolean, &result), "a boolean was expected");
  return result;
}

bool isArray(napi_env env, napi_value value) {
  bool result = false;
  require(napi_is_array(env, value, &result), "an array was expected");
  return result;
}

bool isTypedArray(napi_env env, napi_value value) {
  bool result = false;
  require(napi_is_typedarray(env, value, &result), "a typed array was expected");
  return result;
}

uint32_t lengthOf(napi_env env, napi_value array) {
  uint32_t length;
  require(napi_get_array_length(env, array, &length), "an array was expected");
  return length;
}

napi_value elementOf(napi_env env, napi_value array, uint32_t index) {
  napi_value element;
  require(napi_get_element(env, array, index, &element), "an element was expected");
  return element;
}

std::vector<int32_t> toInts(napi_env env, napi_value array) {
  std::vector<int32_t> result(lengthOf(env, array));
  for (uint32_t i = 0; i < result.size(); i++) result[i] = toInt(env, elementOf(env, array, i));
  return result;
}

std::vector<int64_t> toInt64s(napi_env env, napi_value array) {
  std::vector<int64_t> result(lengthOf(env, array));
  for (uint32_t i = 0; i < result.size(); i++) result[i] = toInt64(env, elementOf(env, array, i));
  return result;
}

Bytes toBytes(napi_env env, napi_value typedArray) {
  Bytes bytes;
  require(napi_get_typedarray_info(env, typedArray, &bytes.type, &bytes.elements, &bytes.data, nullptr, nullptr),
          "a typed array was expected");
  size_t width = 4;
  switch (bytes.type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      width = 1;
      break;
    case napi_int16_array:
    case napi_uint16_array:
      width = 2;
      break;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      width = 8;
      break;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      break;
    default:
      throw Error("typed arrays of this kind are not supported");
  }
  bytes.bytes = bytes.elements * width;
  return bytes;
}

napi_value fromInt(napi_env env, int32_t value) {
  napi_value result;
  require(napi_create_int32(env, value, &result), "number");
  return result;
}

napi_value fromDouble(napi_env env, double value) {
  napi_value result;
  require(napi_create_double(env, value, &result), "number");
  return result;
}

napi_value fromBool(napi_env env, bool value) {
  napi_value result;
  require(napi_get_boolean(env, value, &result), "boolean");
  return result;
}

napi_value fromString(napi_env env, const std::string& value) {
  napi_value result;
  require(napi_create_string_utf8(env, value.data(), value.size(), &result), "string");
  return result;
}

napi_value fromInts(napi_env env, const std::vector<int32_t>& values) {
  napi_value result;
  require(napi_create_array_with_length(env, values.size(), &result), "array");
  for (uint32_t i = 0; i < values.size(); i++) {
    require(napi_set_element(env, result, i, fromInt(env, values[i])), "array element");
  }
  return result;
}

napi_value newObject(napi_env env) {
  napi_value result;
  require(napi_create_object(env, &result), "object");
  return result;
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  require(napi_set_named_property(env, object, name, value), name);
}

static thread_local napi_ref keysReference = nullptr;
static thread_local napi_ref pauseReference = nullptr;

void prepareKeys(napi_env env) {
  const char* names[] = {"name", "type", "value", "id", "shape", "dtype"};
  napi_value array;
  require(napi_create_array(env, &array), "property names");
  for (uint32_t i = 0; i < 6; i++) {
    require(napi_set_element(env, array, i, fromString(env, names[i])), "property names");
  }
  require(napi_create_reference(env, array, 1, &keysReference), "property names");

  napi_value script, pause;
  const char* source = "(() => {})";
  require(napi_create_string_utf8(env, source, NAPI_AUTO_LENGTH, &script), "pause");
  require(napi_run_script(env, script, &pause), "pause");
  require(napi_create_reference(env, pause, 1, &pauseReference), "pause");
}

// V8 looks for interrupts whenever a function of JavaScript starts.
bool isTerminated(napi_env env) {
  napi_value pause, undefined;
  require(napi_get_reference_value(env, pauseReference, &pause), "pause");
  require(napi_get_undefined(env, &undefined), "pause");
  // The first call lets the inspector hear of the interrupt, and the second one ends in the termination that it then asks for.
  for (int i = 0; i < 2; i++) {
    if (napi_call_function(env, undefined, pause, 0, nullptr, nullptr) != napi_ok) return true;
  }
  return false;
}

Keys::Keys(napi_env env) : env_(env) {
  require(napi_get_reference_value(env, keysReference, &array_), "property names");
}

napi_value Keys::operator[](Key key) const { return elementOf(env_, array_, key); }

}  // namespace gradbook
