// Protobuf messages for readers of outside files: tables say which field goes to which member of a
// structure, and one reader checks every length and wire type. It knows where it is, so that an
// error can name the byte and the field.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace heed {

// Where a reader is in a file: "graph.node[3].attribute[0]".
class Trail {
 public:
  explicit Trail(std::string_view file) : file_(file) {}

  // The error for a bad field that begins there: the byte, and where that is.
  Status damaged_at(const char* position) const;

  // Enters a field for as long as the object lives. Numbers below 0 are not shown.
  class Step {
   public:
    Step(Trail& trail, const char* field, int64_t number = -1) : trail_(trail) {
      if (trail_.depth_ < kMaxDepth) trail_.steps_[trail_.depth_] = {field, number};
      ++trail_.depth_;
    }
    ~Step() { --trail_.depth_; }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Trail& trail_;
  };

 private:
  static constexpr int kMaxDepth = 24;
  struct Entry {
    const char* field;
    int64_t number;
  };
  std::string_view file_;
  int depth_ = 0;
  Entry steps_[kMaxDepth] = {};
};

// What a field is, and the type of the member that it is read into. Of a field that is no list the
// last one counts.
enum class FieldKind : uint8_t {
  kBytes,     // std::string_view into the file: a string, bytes or a message
  kInteger,   // int64_t
  kReal,      // float
  kAllBytes,  // std::vector<std::string_view>
  kIntegers,  // std::vector<int64_t>; packed or not, like the following
  kReals,     // std::vector<float>
  kDoubles,   // std::vector<double>
};

struct Field {
  uint8_t number;
  FieldKind kind;
  uint16_t offset;  // of the member
};

// Reads a message into the structure `out`; fields that are not in the table are skipped. `seen`
// gets a bit for each number (below 32) that was there. An error (kInvalidFile) when the bytes end
// too early or a field is of another wire type.
Status read_fields(const Trail& trail, std::string_view message, std::span<const Field> fields,
                   void* out, uint32_t* seen = nullptr);

}  // namespace heed
