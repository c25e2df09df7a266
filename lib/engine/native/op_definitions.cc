#include "op_definitions.h"

#include <tensorflow/c/c_api.h>

#include <cstdint>
#include <unordered_map>

#include "status.h"

namespace gradbook {

namespace {

// A reader of protocol buffers, for the few fields of OpDef that matter (tensorflow/core/framework/op_def.proto).
// TensorFlow's own generated classes would tie the addon to the ABI of one release.
class ProtoReader {
 public:
  ProtoReader(const void* data, size_t length)
      : at_(static_cast<const uint8_t*>(data)), end_(static_cast<const uint8_t*>(data) + length) {}

  // Moves to the next field; false at the end.
  bool next() {
    if (at_ >= end_) return false;
    uint64_t key = varint();
    field = static_cast<int>(key >> 3);
    wire_ = static_cast<int>(key & 7);
    value = 0;
    text.clear();
    if (wire_ == 0) {
      value = varint();
    } else if (wire_ == 2) {
      uint64_t length = varint();
      text.assign(reinterpret_cast<const char*>(at_), length);
      at_ += length;
    } else {
      at_ += wire_ == 1 ? 8 : 4;
    }
    return true;
  }

  int field = 0;
  uint64_t value = 0;
  std::string text;

 private:
  uint64_t varint() {
    uint64_t result = 0;
    for (int shift = 0; at_ < end_; shift += 7) {
      uint8_t byte = *at_++;
      result |= static_cast<uint64_t>(byte & 127) << shift;
      if (!(byte & 128)) break;
    }
    return result;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  int wire_ = 0;
};

OpInput parseInput(const std::string& bytes) {
  OpInput input;
  ProtoReader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    if (reader.field == 5) input.numberAttribute = reader.text;
    if (reader.field == 6) input.typeListAttribute = reader.text;
  }
  return input;
}

}  // namespace

const OpDefinition& opDefinition(const std::string& name) {
  static thread_local std::unordered_map<std::string, OpDefinition> known;
  auto found = known.find(name);
  if (found != known.end()) return found->second;
  static thread_local TF_Graph* graph = TF_NewGraph();
  Status status;
  TF_Buffer* buffer = TF_NewBuffer();
  TF_GraphGetOpDef(graph, name.c_str(), buffer, status);
  OpDefinition definition;
  if (status.ok()) {
    ProtoReader reader(buffer->data, buffer->length);
    while (reader.next()) {
      if (reader.field == 2) definition.inputs.push_back(parseInput(reader.text));
      if (reader.field == 17) definition.stateful = reader.value != 0;
    }
  }
  TF_DeleteBuffer(buffer);
  status.check(name);
  return known[name] = definition;
}

}  // namespace gradbook
