// An op's attributes as tfjs-node writes them ({name, type, value}), given to an eager op or to a node of a graph.
#pragma once

#include "node.h"
#include <tensorflow/c/c_api.h>
#include <tensorflow/c/eager/c_api.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace gradbook {

// What an op's attributes say about the length of its list inputs: the value of int attributes, the length of type lists.
using ListLengths = std::unordered_map<std::string, int64_t>;

void setAttributes(napi_env env, napi_value attributes, TFE_Op* op);
void setAttributes(napi_env env, napi_value attributes, TF_OperationDescription* node, ListLengths& lengths);

}  // namespace gradbook
