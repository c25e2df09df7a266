// Between JavaScript and C++: arguments in, values out, exceptions across.
#pragma once

#include "node.h"

#include <cstdint>
#include <string>
#include <vector>

#include "status.h"

namespace gradbook {

// A call of Node-API that fails leaves its own exception pending in most cases (for one: when the thread is being
// terminated by an interrupt); unwinding then ends at `guarded`, which adds none.
inline void require(napi_status status, const char* what) {
  if (status != napi_ok) throw Error(std::string("Node-API: ") + what);
}

template <size_t Count>
struct Arguments {
  napi_value values[Count];
  size_t count = Count;
  Arguments(napi_env env, napi_callback_info info) {
    require(napi_get_cb_info(env, info, &count, values, nullptr, nullptr), "arguments");
  }
  napi_value operator[](size_t index) const { return values[index]; }
};

std::string toString(napi_env env, napi_value value);
int32_t toInt(napi_env env, napi_value value);
int64_t toInt64(napi_env env, napi_value value);
double toDouble(napi_env env, napi_value value);
bool toBool(napi_env env, napi_value value);
bool isArray(napi_env env, napi_value value);
uint32_t lengthOf(napi_env env, napi_value array);
napi_value elementOf(napi_env env, napi_value array, uint32_t index);
std::vector<int32_t> toInts(napi_env env, napi_value array);
std::vector<int64_t> toInt64s(napi_env env, napi_value array);

// A typed array's memory. Throws when the value is none.
struct Bytes {
  napi_typedarray_type type;
  size_t elements;
  size_t bytes;
  void* data;
};
Bytes toBytes(napi_env env, napi_value typedArray);
bool isTypedArray(napi_env env, napi_value value);

napi_value fromInt(napi_env env, int32_t value);
napi_value fromDouble(napi_env env, double value);
napi_value fromBool(napi_env env, bool value);
napi_value fromString(napi_env env, const std::string& value);
napi_value fromInts(napi_env env, const std::vector<int32_t>& values);
napi_value newObject(napi_env env);
void set(napi_env env, napi_value object, const char* name, napi_value value);

// Property names that every op needs, made once for a JavaScript thread instead of once for an op.
enum Key { kName, kType, kValue, kId, kShape, kDtype };
void prepareKeys(napi_env env);
class Keys {
 public:
  explicit Keys(napi_env env);
  napi_value operator[](Key key) const;

 private:
  napi_env env_;
  napi_value array_;
};

// Gives an interrupt that came while native code ran its turn; true when JavaScript is being terminated.
bool isTerminated(napi_env env);

using Function = napi_value (*)(napi_env, napi_callback_info);

// Wraps a function so that what it throws becomes a JavaScript exception.
template <Function function>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return function(env, info);
  } catch (const std::exception& error) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

}  // namespace gradbook
