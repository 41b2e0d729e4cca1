// What a handle of JavaScript's stands for: the files of a model, then the session made from them.
// Casts and catches, decides nothing.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/session.h"

namespace heed {

class Slot {
 public:
  // Room for the contents of a file; nullptr when there is no memory. "" is the model, other names
  // are files with its external data. A further call for the same name changes the size and keeps
  // what was written.
  std::byte* reserve(std::string_view name, size_t bytes);
  // Asks for an inner tensor to be kept, so that runs can give it.
  void keep(std::string_view tensor);
  // Makes the session from the files, which are not needed afterwards.
  Status load(bool recognize);

  // The session that `load` made; only after it succeeded.
  Session& session() { return *session_; }
  // `words`: for each input its rank and its extents, then the number of tensors that are wanted
  // (outputs, maps) and their ids.
  Status prepare(std::span<const int32_t> words);

 private:
  using FileBytes = std::unique_ptr<std::byte, void (*)(void*)>;
  struct File {
    std::string name;
    FileBytes bytes;
    size_t size = 0;
  };

  std::vector<File> files_;
  std::vector<std::string> kept_;
  std::unique_ptr<Session> session_;
};

}  // namespace heed
