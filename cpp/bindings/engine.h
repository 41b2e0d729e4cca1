// One model as JavaScript sees it: the files it is made from, then its session. Casts and catches,
// decides nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/session.h"

namespace heed {

class Engine {
 public:
  // A status for JavaScript: empty when all is well, else the code, a newline and the message.
  using StatusText = std::string;

  // The address of `bytes` bytes for a file's contents; 0 when there is no memory. "" is the model,
  // other names are files with its external data. A further call for the same name changes the size
  // and keeps what was written.
  uintptr_t reserve(const std::string& file, uint32_t bytes);
  // Asks for an inner tensor to be kept, so that runs can give it.
  void keep(const std::string& tensor);
  // Makes the session from the files, which are not needed afterwards.
  StatusText load(bool recognize);
  std::string describe() const;

  // The address of `words` words in which JavaScript writes the request that `prepare` reads: for
  // each input its rank and its extents, then the number of tensors that are wanted (outputs, maps)
  // and their ids.
  uintptr_t request(uint32_t words);
  StatusText prepare();
  uintptr_t input_address(int index);
  StatusText execute(double milliseconds);
  bool finished() const { return finished_; }
  std::string results() const;

 private:
  using FileBytes = std::unique_ptr<std::byte, void (*)(void*)>;
  struct File {
    std::string name;
    FileBytes bytes;
    size_t size = 0;
  };

  Status make_session(bool recognize);
  Result<Request> read_request() const;

  std::vector<File> files_;
  std::vector<std::string> kept_;
  std::vector<int32_t> words_;
  std::unique_ptr<Session> session_;
  bool finished_ = false;
};

}  // namespace heed
