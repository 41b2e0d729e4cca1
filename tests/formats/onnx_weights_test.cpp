// Tensors in files: every way to store elements, their alignment, and other files.
#include <catch2/catch.hpp>
#include <cmath>

#include "formats/onnx.h"
#include "support/onnx_writer.h"

using namespace heed;
using namespace heed::test;

namespace {

Proto file_with(const Proto& tensor) {
  return model(Proto()
                   .message(kGraphInitializer, tensor)
                   .message(kGraphOutput, tensor_value("w", kOnnxFloat, {})));
}

// The constant that the one initializer becomes.
ConstantPtr read_constant(const Proto& tensor) {
  const Proto file = file_with(tensor);
  Result<Graph> graph = read_onnx(as_bytes(file.data()), nullptr);
  INFO(graph.status().message);
  REQUIRE(graph.ok());
  const ConstantPtr constant = graph.value().tensors[0].constant;
  REQUIRE(constant);
  // The file's bytes go with this function.
  NewConstant copy = make_constant(constant->dtype, constant->shape);
  std::copy(constant->data, constant->data + constant->bytes(), copy.data);
  return copy.constant;
}

Status status_of(const Proto& tensor) {
  const Proto file = file_with(tensor);
  return read_onnx(as_bytes(file.data()), nullptr).status();
}

template <class T>
std::vector<T> values(const ConstantPtr& constant) {
  const auto span = constant->values<T>();
  return {span.begin(), span.end()};
}

Proto tensor(int type, std::initializer_list<int64_t> dims) {
  Proto out;
  out.bytes(8, "w").integer(2, type).packed_integers(1, dims);
  return out;
}

// The value that such a file keeps under the location "weights.bin".
Proto external(std::initializer_list<std::pair<const char*, const char*>> entries, int64_t count) {
  Proto out = tensor(kOnnxFloat, {count});
  for (const auto& [key, value] : entries) out.message(13, Proto().bytes(1, key).bytes(2, value));
  return out.integer(14, 1);
}

}  // namespace

TEST_CASE("elements are read from raw_data", "[onnx]") {
  const auto raw = [](int type, auto value) {
    return read_constant(raw_tensor("w", type, {1}, std::vector{value}));
  };
  CHECK(raw(kOnnxFloat, -0.5f)->values<float>()[0] == -0.5f);
  CHECK(raw(kOnnxInt64, int64_t{-5})->values<int64_t>()[0] == -5);
  CHECK(raw(kOnnxInt32, int32_t{-6})->values<int32_t>()[0] == -6);
  CHECK(raw(kOnnxUint8, uint8_t{200})->values<uint8_t>()[0] == 200);
  CHECK(raw(3, int8_t{-7})->values<int8_t>()[0] == -7);
  CHECK(raw(kOnnxBool, uint8_t{5})->values<uint8_t>()[0] == 1);
  CHECK(raw(kOnnxFloat16, uint16_t{0x3c01})->values<float>()[0] == 1.0009765625f);
  CHECK(raw(kOnnxBfloat16, uint16_t{0xc020})->values<float>()[0] == -2.5f);
  CHECK(raw(kOnnxDouble, 0.1)->values<float>()[0] == 0.1f);
  CHECK(raw(4, uint16_t{65535})->values<int32_t>()[0] == 65535);
  CHECK(raw(5, int16_t{-9})->values<int32_t>()[0] == -9);
  CHECK(raw(kOnnxUint32, uint32_t{4294967295})->values<int64_t>()[0] == 4294967295);
  CHECK(raw(kOnnxUint64, uint64_t{11})->values<int64_t>()[0] == 11);
}

TEST_CASE("elements are read from the typed fields", "[onnx]") {
  CHECK(values<float>(read_constant(tensor(kOnnxFloat, {2}).packed_floats(4, {1.5f, -2}))) ==
        std::vector<float>{1.5f, -2});
  CHECK(values<float>(read_constant(tensor(kOnnxFloat, {2}).real(4, 1.5f).real(4, -2))) ==
        std::vector<float>{1.5f, -2});
  CHECK(values<float>(
            read_constant(tensor(kOnnxFloat16, {2}).packed_integers(5, {0x3c00, 0xbc00}))) ==
        std::vector<float>{1, -1});
  CHECK(values<int32_t>(read_constant(tensor(kOnnxInt32, {2}).packed_integers(5, {3, -4}))) ==
        std::vector<int32_t>{3, -4});
  CHECK(values<uint8_t>(read_constant(tensor(kOnnxUint8, {2}).packed_integers(5, {255, 0}))) ==
        std::vector<uint8_t>{255, 0});
  CHECK(values<int8_t>(read_constant(tensor(3, {1}).packed_integers(5, {-128}))) ==
        std::vector<int8_t>{-128});
  CHECK(values<uint8_t>(read_constant(tensor(kOnnxBool, {2}).packed_integers(5, {1, 0}))) ==
        std::vector<uint8_t>{1, 0});
  CHECK(values<int64_t>(
            read_constant(tensor(kOnnxInt64, {2}).packed_integers(7, {INT64_MIN, INT64_MAX}))) ==
        std::vector<int64_t>{INT64_MIN, INT64_MAX});
  CHECK(values<int64_t>(read_constant(tensor(kOnnxInt64, {2}).integer(7, 1).integer(7, 2))) ==
        std::vector<int64_t>{1, 2});
  CHECK(
      values<int64_t>(read_constant(tensor(kOnnxUint32, {1}).packed_integers(11, {4294967295}))) ==
      std::vector<int64_t>{4294967295});
}

TEST_CASE("a finite float64 stays finite", "[onnx]") {
  const std::vector<double> wide = {-1.7976931348623157e308, HUGE_VAL, 1e-300};
  const auto narrow = values<float>(read_constant(raw_tensor("w", kOnnxDouble, {3}, wide)));
  CHECK(std::isfinite(narrow[0]));
  CHECK(narrow[0] < -3e38f);
  CHECK(std::isinf(narrow[1]));
  CHECK(narrow[2] == 0);
}

TEST_CASE("scalars and empty tensors have shapes of their own", "[onnx]") {
  CHECK(read_constant(raw_tensor("w", kOnnxFloat, {}, std::vector<float>{3}))->shape == Shape{});
  CHECK(read_constant(raw_tensor("w", kOnnxFloat, {0, 4}, ""))->shape == Shape{0, 4});
  CHECK(read_constant(tensor(kOnnxInt64, {0}))->shape == Shape{0});
}

TEST_CASE("a tensor whose elements do not fit its shape is an error that names it", "[onnx]") {
  for (const Proto& bad :
       {raw_tensor("w", kOnnxFloat, {3}, std::vector<float>{1, 2}),
        raw_tensor("w", kOnnxFloat, {1}, "12345"), tensor(kOnnxFloat, {3}).packed_floats(4, {1, 2}),
        tensor(kOnnxInt64, {1}), tensor(kOnnxFloat, {100000000}),
        raw_tensor("w", kOnnxFloat, {1, 1}, "")}) {
    const Status status = status_of(bad);
    CHECK(status.code == Code::kInvalidFile);
    CHECK(status.message.find("'w'") != std::string::npos);
  }
  CHECK(status_of(tensor(kOnnxFloat, {-1})).code == Code::kWrongShape);
  CHECK(status_of(tensor(kOnnxFloat, {1, 1, 1, 1, 1, 1, 1, 1, 1})).code == Code::kWrongShape);
  CHECK(status_of(tensor(kOnnxFloat, {65536, 65536})).code == Code::kOutOfMemory);
}

TEST_CASE("types that heed has no place for are named", "[onnx]") {
  const Status text = status_of(tensor(kOnnxString, {1}).bytes(6, "hello"));
  CHECK(text.code == Code::kUnsupportedType);
  CHECK(text.message.find("string") != std::string::npos);
  CHECK(status_of(tensor(22, {2}).packed_integers(5, {1})).message.find("int4") !=
        std::string::npos);
  CHECK(status_of(tensor(99, {2})).message.find("type 99") != std::string::npos);
  CHECK(status_of(raw_tensor("w", kOnnxUint64, {1}, std::vector<uint64_t>{UINT64_MAX})).code ==
        Code::kUnsupportedType);
}

TEST_CASE("aligned weights stay where they are, others are moved when the file may be changed",
          "[onnx]") {
  std::vector<float> weights(64);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i);
  for (size_t offset = 0; offset < 8; ++offset) {
    for (const bool may_modify : {false, true}) {
      // A name of changing length moves the elements through all alignments; the bytes behind them
      // leave room to read.
      const std::string name(offset + 1, 'w');
      const Proto graph =
          Proto()
              .message(
                  kGraphInitializer,
                  raw_tensor(name, kOnnxFloat, {64}, weights).bytes(12, "a comment of some length"))
              .message(kGraphOutput, tensor_value(name, kOnnxFloat, {64}));
      std::string file = model(graph).data();
      const auto bytes = as_bytes(file);
      OnnxOptions options;
      options.may_modify_file = may_modify;
      const Result<Graph> read = read_onnx(bytes, nullptr, options);
      REQUIRE(read.ok());
      const Constant& constant = *read.value().tensors[0].constant;
      const bool in_file =
          constant.data >= bytes.data() && constant.data < bytes.data() + bytes.size();
      const bool was_aligned =
          reinterpret_cast<uintptr_t>(
              file.data() +
              file.find(std::string(reinterpret_cast<const char*>(weights.data() + 8), 32))) %
              4 ==
          0;
      CHECK(reinterpret_cast<uintptr_t>(constant.data) % 4 == 0);
      CHECK(in_file == (was_aligned || may_modify));
      CHECK(std::equal(weights.begin(), weights.end(), constant.values<float>().begin()));
    }
  }
}

TEST_CASE("the graph keeps the file's owner alive as long as weights point into it", "[onnx]") {
  const std::vector<float> weights(64, 2.0f);
  const auto owner = std::make_shared<std::string>(
      model(Proto()
                .message(kGraphInitializer, raw_tensor("w", kOnnxFloat, {64}, weights)
                                                .bytes(12, "a comment of some length"))
                .message(kGraphOutput, tensor_value("w", kOnnxFloat, {64})))
          .data());
  OnnxOptions options;
  options.may_modify_file = true;
  Result<Graph> graph = read_onnx(as_bytes(*owner), owner, options);
  REQUIRE(graph.ok());
  CHECK(owner.use_count() == 2);
  graph = error(Code::kInternal, "dropped");
}

TEST_CASE("weights in other files are found by location, offset and length", "[onnx]") {
  const std::vector<float> data = {1, 2, 3, 4, 5};
  OnnxOptions options;
  options.external_files.push_back({"./weights.bin", std::as_bytes(std::span(data)), nullptr});
  const auto read = [&](const Proto& tensor) {
    const Proto file = file_with(tensor);
    return read_onnx(as_bytes(file.data()), nullptr, options);
  };
  const auto part =
      read(external({{"location", "weights.bin"}, {"offset", "4"}, {"length", "8"}}, 2));
  REQUIRE(part.ok());
  CHECK(part.value().tensors[0].constant->values<float>()[1] == 3);
  const auto whole = read(external({{"location", "weights.bin"}}, 5));
  REQUIRE(whole.ok());
  CHECK(whole.value().tensors[0].constant->values<float>()[4] == 5);

  CHECK(read(external({{"location", "weights.bin"}, {"offset", "16"}, {"length", "8"}}, 2))
            .status()
            .code == Code::kMissingExternalData);
  CHECK(read(external({{"location", "weights.bin"}, {"offset", "99999999999999999999999"}}, 2))
            .status()
            .code == Code::kInvalidFile);
  CHECK(read(external({{"location", "weights.bin"}, {"offset", "-4"}}, 2)).status().code ==
        Code::kInvalidFile);
  CHECK(read(external({{"location", "weights.bin"}}, 2)).status().code == Code::kInvalidFile);
  CHECK(read(external({}, 2)).status().code == Code::kInvalidFile);
}

TEST_CASE("an empty external file is one that was given", "[onnx]") {
  OnnxOptions options;
  options.external_files.push_back({"weights.bin", {}, nullptr});
  const Proto file = file_with(external({{"location", "weights.bin"}}, 2));
  CHECK(read_onnx(as_bytes(file.data()), nullptr, options).status().code == Code::kInvalidFile);
}

TEST_CASE("all external files that are missing are named at once", "[onnx]") {
  Proto second = external({{"location", "more.bin"}}, 2);
  const Proto graph =
      Proto()
          .message(kGraphInitializer, external({{"location", "weights.bin"}}, 2))
          .message(kGraphInitializer,
                   Proto()
                       .bytes(8, "v")
                       .integer(2, 1)
                       .integer(1, 2)
                       .message(13, Proto().bytes(1, "location").bytes(2, "more.bin"))
                       .integer(14, 1))
          .message(kGraphOutput, tensor_value("w", kOnnxFloat, {2}));
  const Proto file = model(graph);
  const Status status = read_onnx(as_bytes(file.data()), nullptr).status();
  CHECK(status.code == Code::kMissingExternalData);
  CHECK(status.message.find("weights.bin") != std::string::npos);
  CHECK(status.message.find("more.bin") != std::string::npos);
}
