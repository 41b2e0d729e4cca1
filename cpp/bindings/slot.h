// What a handle of JavaScript's stands for: the files of a model, then the session made from them.
// Casts and catches, decides nothing.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/named_weights.h"
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

  // Reads the file "" as safetensors, and adds its weights to those that this slot keeps.
  Status add_weights();
  // Adds another slot's weights, under names with `prefix` in front; nothing is copied.
  void adopt(const Slot& other, std::string_view prefix);
  // Makes the session of a layer or a network, with the weights of `weights` (null: new ones);
  // `words` as web/src/layers/encode.ts writes them.
  Status build(std::span<const int32_t> words, const Slot* weights);

  // The session that `load` or `build` made; only after it succeeded.
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
  Status make_session(Graph graph, bool recognize);
  void sort_weights();

  std::vector<std::string> kept_;
  NamedWeights weights_;
  std::unique_ptr<Session> session_;
};

}  // namespace heed
