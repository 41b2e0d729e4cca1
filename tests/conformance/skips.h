// The list of conformance tests that are left out, with reasons.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace heed::test {

// Lines of the file:
//
//   operator NAME   reason     tests that have this operator ("domain.name" for other domains than
//   ONNX's) test PATTERN    reason     tests of that name; * stands for any text
//
// Empty lines and those that start with # are comments.
class Skips {
 public:
  explicit Skips(const std::string& path);

  bool match(const std::string& test, const std::set<std::string>& operators);
  // Lines that have matched nothing.
  std::vector<std::string> unused() const;

 private:
  struct Line {
    bool is_operator;
    std::string pattern;
    bool used = false;
  };
  std::vector<Line> lines_;
};

// The first word of every line that is no comment.
std::set<std::string> first_words(const std::string& path);

}  // namespace heed::test
