// Node-API, in the experimental version: there a finalizer runs inside the garbage collector instead of in a later turn of the event loop, so
// that a synchronous loop that loses tensors gets their memory back (https://nodejs.org/api/n-api.html#finalizers).
#pragma once

#undef NAPI_VERSION
#define NAPI_VERSION 2147483647
#include <node_api.h>
