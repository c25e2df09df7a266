// How an op's inputs are grouped: TensorFlow's graph interface wants list inputs as lists, tfjs-node gives them flat.
#pragma once

#include <string>
#include <vector>

namespace gradbook {

struct OpInput {
  // Name of the attribute that says how many tensors the input holds ("N"), or of the one that lists their types.
  std::string numberAttribute;
  std::string typeListAttribute;
  bool isList() const { return !numberAttribute.empty() || !typeListAttribute.empty(); }
};

struct OpDefinition {
  std::vector<OpInput> inputs;
  bool stateful = false;
};

// The definition of a registered op. Throws for an unknown name.
const OpDefinition& opDefinition(const std::string& name);

}  // namespace gradbook
