// Weights by name, and files that are damaged. types.safetensors was written by the official
// library (tests/fixtures/safetensors/make.py).
#include "formats/safetensors.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

using namespace heed;

namespace {

std::string fixture() {
  std::ifstream file(HEED_FIXTURES "/safetensors/types.safetensors", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<NamedWeights> read(std::string_view text) {
  const auto owner = std::make_shared<std::vector<std::byte>>(text.size());
  std::transform(text.begin(), text.end(), owner->begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  return read_safetensors(*owner, owner);
}

std::string file_of(std::string_view header, size_t data_bytes) {
  std::string file(8, '\0');
  for (size_t i = 0; i < 8; ++i)
    file[i] = static_cast<char>(uint64_t{header.size()} >> (8 * i) & 0xFF);
  return file.append(header).append(data_bytes, '\1');
}

Status status_of(std::string_view header, size_t data_bytes) {
  return read(file_of(header, data_bytes)).status();
}

const Constant& named(const NamedWeights& weights, std::string_view name) {
  for (const NamedWeight& weight : weights) {
    if (weight.name == name) return *weight.value;
  }
  FAIL("no weight '" << name << "'");
  return *weights[0].value;
}

template <class T>
std::vector<T> values(const Constant& constant) {
  const auto span = constant.values<T>();
  return {span.begin(), span.end()};
}

}  // namespace

TEST_CASE("every element type of a safetensors file is read") {
  const auto weights = read(fixture());
  REQUIRE(weights.status().message == "");
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  // What make.py wrote, rounded to each type: the smallest float16 above zero is 2^-24.
  const float tiny = std::ldexp(1.0f, -24);
  const std::vector<float> reals{0,    -0.0f,     1.5f,      -2.25f, 65504, 6.1035156e-05f,
                                 tiny, kInfinity, -kInfinity};
  for (const char* name : {"reals.F32", "reals.F16", "reals.BF16", "reals.F64"}) {
    const Constant& constant = named(weights.value(), name);
    CHECK(constant.dtype == DType::kF32);
    REQUIRE(constant.shape == Shape{10});
    const std::vector<float> got = values<float>(constant);
    for (size_t i = 0; i < reals.size(); ++i) {
      CAPTURE(name, i);
      // bfloat16 has eight bits of fraction.
      const double epsilon = std::string_view(name) == "reals.BF16" ? 0.004 : 1e-6;
      CHECK(got[i] == Approx(reals[i]).epsilon(epsilon));
      CHECK(std::signbit(got[i]) == std::signbit(reals[i]));
    }
    CHECK(std::isnan(got[9]));
  }
  CHECK(values<int64_t>(named(weights.value(), "integers.I64")) ==
        std::vector<int64_t>{0, 1, 2, 127, 127, 2, 1, 0});
  CHECK(values<int32_t>(named(weights.value(), "integers.I32")) ==
        std::vector<int32_t>{0, 1, 2, 127, 127, 2, 1, 0});
  CHECK(values<int32_t>(named(weights.value(), "integers.I16")) ==
        std::vector<int32_t>{0, 1, 2, 127, 127, 2, 1, 0});
  CHECK(values<int8_t>(named(weights.value(), "integers.I8")) ==
        std::vector<int8_t>{0, 1, 2, 127, 127, 2, 1, 0});
  CHECK(values<uint8_t>(named(weights.value(), "integers.U8")) ==
        std::vector<uint8_t>{0, 1, 2, 127, 127, 2, 1, 0});
  CHECK(named(weights.value(), "integers.I64").shape == Shape{2, 4});
  CHECK(values<uint8_t>(named(weights.value(), "bools")) == std::vector<uint8_t>{1, 0, 1});
  CHECK(named(weights.value(), "scalar").shape == Shape{});
  CHECK(values<int64_t>(named(weights.value(), "scalar")) == std::vector<int64_t>{7});
  CHECK(named(weights.value(), "empty").shape == Shape{0, 3});
  CHECK(values<float>(named(weights.value(), "name with \"quotes\", \u00fc and \U0001F989")) ==
        std::vector<float>{1});
  CHECK(weights.value().size() == 13);
}

TEST_CASE("weights are sorted by name, escapes in names are understood") {
  const auto weights = read(file_of(
      R"( {"b\u00e9\ud83e\udd89\n":{"shape":[1],"dtype":"U8","data_offsets":[0,1],"more":[{"x":"}"}]},)"
      R"("a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}   )",
      2));
  REQUIRE(weights.status().message == "");
  CHECK(weights.value()[0].name == "a");
  CHECK(weights.value()[1].name == "b\u00e9\U0001F989\n");
  CHECK(read(file_of("{}", 0)).value().empty());
}

TEST_CASE("a safetensors file that is truncated at any byte is refused") {
  const std::string whole = fixture();
  REQUIRE(read(whole).ok());
  for (size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    const Status status = read(std::string_view(whole).substr(0, length)).status();
    CHECK(status.code == Code::kInvalidWeights);
    CHECK(!status.message.empty());
  }
}

TEST_CASE("damaged headers are refused, with the place") {
  std::string absurd = file_of("{}", 0);
  absurd.replace(0, 8, 8, '\xFF');
  CHECK(read(absurd).status().code == Code::kInvalidWeights);
  CHECK(read("PK\3\4 and so on").status().code == Code::kInvalidWeights);
  CHECK(status_of("", 0).message == "not a safetensors file: its header is damaged at byte 8");
  CHECK(status_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})", 1).code ==
        Code::kInvalidWeights);
  CHECK(status_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} x)", 1).code ==
        Code::kInvalidWeights);
  for (const char* number : {"-1", "1.5", "1e3", "01", "99999999999999999999", "x", ""}) {
    CAPTURE(number);
    const std::string header =
        std::string(R"({"a":{"dtype":"U8","data_offsets":[0,1],"shape":[)") + number + "]}}";
    CHECK(status_of(header, 1).ok() == (*number == '\0'));
  }
  for (const char* name :
       {R"("\x")", R"("\ud83e")", R"("\ud83e\u0041")", R"("\udd89")", "\"\n\"", R"("\u12)"}) {
    CAPTURE(name);
    CHECK(status_of(
              std::string("{") + name + R"(:{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1)
              .code == Code::kInvalidWeights);
  }
  CHECK(status_of(std::string(R"({"__metadata__":)") + std::string(100000, '[') + "}", 0).code ==
        Code::kInvalidWeights);
}

TEST_CASE("offsets that overlap, leave gaps, or do not fit are refused by name") {
  const auto two = [](const char* first, const char* second) {
    return std::string(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[)") + first +
           R"(]},"b":{"dtype":"U8","shape":[2],"data_offsets":[)" + second + "]}}";
  };
  CHECK(status_of(two("0,2", "2,4"), 4).ok());
  CHECK(status_of(two("2,4", "0,2"), 4).ok());
  CHECK(status_of(two("0,2", "1,3"), 3).message ==
        "weight 'b': it begins at byte 1, inside another one that ends at 2");
  CHECK(status_of(two("0,2", "3,5"), 5).message ==
        "weight 'b': it begins at byte 3, but the one in front of it ends at 2");
  CHECK(status_of(two("0,2", "2,4"), 5).message ==
        "the weights take 4 bytes behind the header, the file has 5");
  CHECK(status_of(two("0,2", "2,4"), 3).message ==
        "the weights take 4 bytes behind the header, the file has 3: it is truncated");
  CHECK(status_of(two("0,2", "4,2"), 4).code == Code::kInvalidWeights);
  CHECK(status_of(two("0,2", "2,9223372036854775807"), 4).code == Code::kInvalidWeights);
  CHECK(status_of(R"({"a":{"dtype":"U8","shape":[1]}})", 1).code == Code::kInvalidWeights);
  CHECK(status_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4).message ==
        "weight 'a': its shape (2) of F32 takes 8 bytes, its offsets say 4");
  CHECK(status_of(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0)
            .code == Code::kInvalidWeights);
  const Status type = status_of(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1);
  CHECK(type.code == Code::kUnsupportedType);
  CHECK(type.message == "weight 'a': elements of type 'F8_E4M3' are not supported");
  CHECK(status_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                  R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                  2)
            .message == "weight 'a' is there twice");
}
