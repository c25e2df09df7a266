#include "attributes.h"

#include "javascript.h"

namespace gradbook {

namespace {

// The two places attributes go to. They differ in the functions' names only.
struct EagerOp {
  TFE_Op* op;
  void set(const char* name, const std::string& value) { TFE_OpSetAttrString(op, name, value.data(), value.size()); }
  void set(const char* name, int64_t value) { TFE_OpSetAttrInt(op, name, value); }
  void set(const char* name, float value) { TFE_OpSetAttrFloat(op, name, value); }
  void set(const char* name, bool value) { TFE_OpSetAttrBool(op, name, value); }
  void set(const char* name, TF_DataType value) { TFE_OpSetAttrType(op, name, value); }
  void set(const char* name, const std::vector<int64_t>& list) {
    TFE_OpSetAttrIntList(op, name, list.data(), static_cast<int>(list.size()));
  }
  void set(const char* name, const std::vector<float>& list) {
    TFE_OpSetAttrFloatList(op, name, list.data(), static_cast<int>(list.size()));
  }
  void set(const char* name, const std::vector<unsigned char>& list) {
    TFE_OpSetAttrBoolList(op, name, list.data(), static_cast<int>(list.size()));
  }
  void set(const char* name, const std::vector<TF_DataType>& list) {
    TFE_OpSetAttrTypeList(op, name, list.data(), static_cast<int>(list.size()));
  }
  void setShape(const char* name, const std::vector<int64_t>& shape) {
    Status status;
    TFE_OpSetAttrShape(op, name, shape.data(), static_cast<int>(shape.size()), status);
    status.check(name);
  }
  void setShapes(const char* name, const std::vector<std::vector<int64_t>>& shapes) {
    std::vector<const int64_t*> dims;
    std::vector<int> ranks;
    for (auto& shape : shapes) {
      dims.push_back(shape.data());
      ranks.push_back(static_cast<int>(shape.size()));
    }
    Status status;
    TFE_OpSetAttrShapeList(op, name, dims.data(), ranks.data(), static_cast<int>(shapes.size()), status);
    status.check(name);
  }
  void setStrings(const char* name, const std::vector<const void*>& texts, const std::vector<size_t>& lengths) {
    TFE_OpSetAttrStringList(op, name, texts.data(), lengths.data(), static_cast<int>(texts.size()));
  }
  void setFunction(const char* name, const std::string& function) {
    TFE_OpSetAttrFunctionName(op, name, function.data(), function.size());
  }
};

struct GraphNode {
  TF_OperationDescription* node;
  ListLengths* lengths;
  void set(const char* name, const std::string& value) { TF_SetAttrString(node, name, value.data(), value.size()); }
  void set(const char* name, int64_t value) {
    (*lengths)[name] = value;
    TF_SetAttrInt(node, name, value);
  }
  void set(const char* name, float value) { TF_SetAttrFloat(node, name, value); }
  void set(const char* name, bool value) { TF_SetAttrBool(node, name, value); }
  void set(const char* name, TF_DataType value) { TF_SetAttrType(node, name, value); }
  void set(const char* name, const std::vector<int64_t>& list) {
    TF_SetAttrIntList(node, name, list.data(), static_cast<int>(list.size()));
  }
  void set(const char* name, const std::vector<float>& list) {
    TF_SetAttrFloatList(node, name, list.data(), static_cast<int>(list.size()));
  }
  void set(const char* name, const std::vector<unsigned char>& list) {
    TF_SetAttrBoolList(node, name, list.data(), static_cast<int>(list.size()));
  }
  void set(const char* name, const std::vector<TF_DataType>& list) {
    (*lengths)[name] = static_cast<int64_t>(list.size());
    TF_SetAttrTypeList(node, name, list.data(), static_cast<int>(list.size()));
  }
  void setShape(const char* name, const std::vector<int64_t>& shape) {
    TF_SetAttrShape(node, name, shape.data(), static_cast<int>(shape.size()));
  }
  void setShapes(const char* name, const std::vector<std::vector<int64_t>>& shapes) {
    std::vector<const int64_t*> dims;
    std::vector<int> ranks;
    for (auto& shape : shapes) {
      dims.push_back(shape.data());
      ranks.push_back(static_cast<int>(shape.size()));
    }
    TF_SetAttrShapeList(node, name, dims.data(), ranks.data(), static_cast<int>(shapes.size()));
  }
  void setStrings(const char* name, const std::vector<const void*>& texts, const std::vector<size_t>& lengths) {
    TF_SetAttrStringList(node, name, texts.data(), lengths.data(), static_cast<int>(texts.size()));
  }
  void setFunction(const char* name, const std::string& function) {
    TF_SetAttrFuncName(node, name, function.data(), function.size());
  }
};

// true, false and numbers alike: tfjs-node gives either for some attributes.
double toNumber(napi_env env, napi_value value) {
  napi_valuetype type;
  require(napi_typeof(env, value, &type), "attribute");
  if (type == napi_boolean) return toBool(env, value) ? 1 : 0;
  return toDouble(env, value);
}

template <class Number>
std::vector<Number> toNumbers(napi_env env, napi_value array) {
  std::vector<Number> list(lengthOf(env, array));
  for (uint32_t i = 0; i < list.size(); i++) list[i] = static_cast<Number>(toNumber(env, elementOf(env, array, i)));
  return list;
}

template <class Target>
void setStringList(napi_env env, const char* name, napi_value array, Target& target) {
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < lengthOf(env, array); i++) texts.push_back(toString(env, elementOf(env, array, i)));
  std::vector<const void*> data;
  std::vector<size_t> lengths;
  for (auto& text : texts) {
    data.push_back(text.data());
    lengths.push_back(text.size());
  }
  target.setStrings(name, data, lengths);
}

template <class Target>
void setShapes(napi_env env, const char* name, napi_value value, Target& target) {
  bool nested = lengthOf(env, value) > 0 && isArray(env, elementOf(env, value, 0));
  if (!nested) {
    target.setShape(name, toInt64s(env, value));
    return;
  }
  std::vector<std::vector<int64_t>> shapes;
  for (uint32_t i = 0; i < lengthOf(env, value); i++) shapes.push_back(toInt64s(env, elementOf(env, value, i)));
  target.setShapes(name, shapes);
}

template <class Target>
void setAttribute(napi_env env, const char* name, int type, napi_value value, Target& target) {
  bool list = isArray(env, value);
  switch (type) {
    case TF_ATTR_STRING:
      if (list) {
        setStringList(env, name, value, target);
      } else {
        target.set(name, toString(env, value));
      }
      return;
    case TF_ATTR_INT:
      if (list) {
        target.set(name, toNumbers<int64_t>(env, value));
      } else {
        target.set(name, static_cast<int64_t>(toNumber(env, value)));
      }
      return;
    case TF_ATTR_FLOAT:
      if (list) {
        target.set(name, toNumbers<float>(env, value));
      } else {
        target.set(name, static_cast<float>(toNumber(env, value)));
      }
      return;
    // tfjs-node's `createOpAttr` gives a dtype number where a type of attribute belongs.
    case TF_BOOL:
    case TF_ATTR_BOOL:
      if (list) {
        target.set(name, toNumbers<unsigned char>(env, value));
      } else {
        target.set(name, toNumber(env, value) != 0);
      }
      return;
    case TF_ATTR_TYPE:
      if (list) {
        std::vector<TF_DataType> types;
        for (int number : toNumbers<int>(env, value)) types.push_back(static_cast<TF_DataType>(number));
        target.set(name, types);
      } else {
        target.set(name, static_cast<TF_DataType>(toInt(env, value)));
      }
      return;
    case TF_ATTR_SHAPE:
      setShapes(env, name, value, target);
      return;
    case TF_ATTR_FUNC:
      target.setFunction(name, toString(env, value));
      return;
    default:
      throw Error("Attribute " + std::string(name) + " has the unknown type " + std::to_string(type) + ".");
  }
}

template <class Target>
void setAll(napi_env env, napi_value attributes, Target& target) {
  uint32_t count = lengthOf(env, attributes);
  if (count == 0) return;
  Keys keys(env);
  napi_value nameKey = keys[kName], typeKey = keys[kType], valueKey = keys[kValue];
  for (uint32_t i = 0; i < count; i++) {
    napi_value attribute = elementOf(env, attributes, i);
    napi_value name, type, value;
    require(napi_get_property(env, attribute, nameKey, &name), "attribute name");
    require(napi_get_property(env, attribute, typeKey, &type), "attribute type");
    require(napi_get_property(env, attribute, valueKey, &value), "attribute value");
    char text[96];
    size_t length;
    require(napi_get_value_string_utf8(env, name, text, sizeof(text), &length), "attribute name");
    setAttribute(env, text, toInt(env, type), value, target);
  }
}

}  // namespace

void setAttributes(napi_env env, napi_value attributes, TFE_Op* op) {
  EagerOp target{op};
  setAll(env, attributes, target);
}

void setAttributes(napi_env env, napi_value attributes, TF_OperationDescription* node, ListLengths& lengths) {
  GraphNode target{node, &lengths};
  setAll(env, attributes, target);
}

}  // namespace gradbook
