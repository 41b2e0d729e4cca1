#include "conformance/skips.h"

#include <fstream>
#include <sstream>
#include <string_view>

namespace heed::test {

namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const size_t star = pattern.find('*');
  if (star == pattern.npos) return pattern == text;
  if (text.substr(0, star) != pattern.substr(0, star)) return false;
  for (size_t skip = star; skip <= text.size(); ++skip) {
    if (matches(pattern.substr(star + 1), text.substr(skip))) return true;
  }
  return false;
}

std::vector<std::string> content_lines(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

}  // namespace

Skips::Skips(const std::string& path) {
  for (const std::string& line : content_lines(path)) {
    std::istringstream words(line);
    std::string kind, pattern;
    words >> kind >> pattern;
    lines_.push_back({kind == "operator", pattern});
  }
}

bool Skips::match(const std::string& test, const std::set<std::string>& operators) {
  bool found = false;
  for (Line& line : lines_) {
    if (line.is_operator ? operators.contains(line.pattern) : matches(line.pattern, test)) {
      line.used = true;
      found = true;
    }
  }
  return found;
}

std::vector<std::string> Skips::unused() const {
  std::vector<std::string> patterns;
  for (const Line& line : lines_) {
    if (!line.used) patterns.push_back(line.pattern);
  }
  return patterns;
}

std::set<std::string> first_words(const std::string& path) {
  std::set<std::string> words;
  for (const std::string& line : content_lines(path)) words.insert(line.substr(0, line.find(' ')));
  return words;
}

}  // namespace heed::test
