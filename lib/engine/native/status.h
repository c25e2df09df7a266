// The one kind of error inside the addon, and TensorFlow's status turned into it.
#pragma once

#include <tensorflow/c/tf_status.h>

#include <stdexcept>
#include <string>

namespace gradbook {

// Becomes a JavaScript Error with this message at the boundary (javascript.h).
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Owns a TF_Status; `check` throws what TensorFlow said, with what was attempted before it.
class Status {
 public:
  Status() : status_(TF_NewStatus()) {}
  ~Status() { TF_DeleteStatus(status_); }
  Status(const Status&) = delete;
  Status& operator=(const Status&) = delete;

  operator TF_Status*() const { return status_; }
  TF_Code code() const { return TF_GetCode(status_); }
  bool ok() const { return code() == TF_OK; }
  std::string message() const { return TF_Message(status_); }

  void check(const char* attempt) const {
    if (ok()) return;
    std::string text = std::string(attempt) + ": " + message();
    // Not every function of TensorFlow's clears the status that it is given.
    TF_SetStatus(status_, TF_OK, "");
    throw Error(text);
  }
  void check(const std::string& attempt) const { check(attempt.c_str()); }

 private:
  TF_Status* status_;
};

}  // namespace gradbook
