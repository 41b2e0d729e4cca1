// Protobuf messages for readers of outside files: protozero's reader with every length and wire
// type checked before it is used, and a record of where we are, so that an error can name the byte
// and the field.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_reader.hpp>

namespace heed {

// Where a reader is in a file: "byte 120, in graph.node[3].attribute[0]". Messages move it on; when
// one throws, it stays at the field that was bad.
class Trail {
 public:
  explicit Trail(std::string_view file) : file_(file) {}
  std::string text() const;

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
  friend class Message;
  void reached(const char* position) {
    position_ = position;
    depth_reached_ = depth_;
  }

  static constexpr int kMaxDepth = 24;
  struct Entry {
    const char* field;
    int64_t number;
  };
  std::string_view file_;
  const char* position_ = nullptr;
  int depth_ = 0;
  int depth_reached_ = 0;  // unwinding an exception leaves it as it was
  Entry steps_[kMaxDepth] = {};
};

// The fields of one message, in file order. Everything throws a protozero::exception when the bytes
// end too early or the field is of another type than the one that is asked for; the views point
// into the file.
//
//   Message message(trail, bytes);
//   while (message.next()) {
//     switch (message.field()) {
//       case 1: name = message.bytes(); break;
//       default: message.skip();
//     }
//   }
class Message {
 public:
  Message(Trail& trail, std::string_view bytes) : trail_(trail), reader_(bytes) {}

  // Goes to the next field; false at the end. protozero compares lengths as signed 32-bit numbers
  // where pointers have 32 bits, so a length over 2^31 would send it backwards: lengths are checked
  // here.
  bool next();
  uint32_t field() const { return reader_.tag(); }
  void skip() { reader_.skip(); }

  std::string_view bytes();  // a string, bytes or a message
  int64_t integer();
  float real();

  // A repeated number, packed or not: appends one or all.
  void append(std::vector<int64_t>& out);
  void append(std::vector<float>& out);
  void append(std::vector<double>& out);

 private:
  void expect(protozero::pbf_wire_type type) const;
  bool packed() const { return reader_.has_wire_type(protozero::pbf_wire_type::length_delimited); }

  Trail& trail_;
  protozero::pbf_reader reader_;
};

}  // namespace heed
