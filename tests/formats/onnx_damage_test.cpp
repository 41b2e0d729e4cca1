// Files that are no ONNX models, or bad ones: each gives an error that says what and where.
#include <catch2/catch.hpp>

#include "formats/onnx_graph.h"
#include "support/onnx_writer.h"

using namespace heed;
using namespace heed::test;

namespace {

Status status_of(std::string_view file) { return read_onnx(as_bytes(file), nullptr).status(); }
Status status_of(const Proto& graph, int opset = 17) {
  return status_of(model(graph, opset).data());
}

bool says(const Status& status, std::string_view text) {
  UNSCOPED_INFO(status.message);
  return status.message.find(text) != std::string::npos;
}

// x -> Relu -> y, and what a test adds.
Proto with_relu(const Proto& more = {}) {
  Proto graph = more;
  return graph.message(kGraphNode, node("Relu", {"x"}, {"y"}, {}, "", "the_relu"))
      .message(kGraphInput, tensor_value("x", kOnnxFloat, {2}))
      .message(kGraphOutput, tensor_value("y", kOnnxFloat, {2}));
}

Proto with_if(const Proto& then_branch, const Proto& else_branch) {
  return with_relu(Proto()
                       .message(kGraphNode, node("If", {"c"}, {"z"},
                                                 {graph_attribute("then_branch", then_branch),
                                                  graph_attribute("else_branch", else_branch)}))
                       .message(kGraphInput, tensor_value("c", kOnnxBool, {})));
}

}  // namespace

TEST_CASE("files of other kinds are recognized", "[onnx]") {
  const std::pair<std::string, const char*> cases[] = {
      {"", "empty"},
      {"  \n", "blank"},
      {"\n<!DOCTYPE html><html>not found</html>", "HTML page"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"},
      {"\x89PNG\r\n\x1a\n0000", "PNG"},
      {"\xff\xd8\xff\xe0 JFIF", "JPEG"},
      {std::string("PK\x03\x04\x14\x00", 6), "zip"},
      {"\x1f\x8b\x08", "gzip"},
      {"\x80\x02}q", "pickle"},
      {"{\"error\": \"not found\"}", "JSON"},
      {"404: Not Found", "text"},
      {std::string("\x1c\0\0\0TFL3", 8), "TensorFlow Lite"},
      {std::string("\x1c\0\0\0ORTM", 8), "ONNX Runtime"},
      {std::string("\x10\0\0\0\0\0\0\0{\"a\":", 13), "safetensors"},
  };
  for (const auto& [file, text] : cases) {
    const Status status = status_of(file);
    CHECK(status.code == Code::kInvalidFile);
    CHECK(says(status, text));
    // The reader is the last one to hold the bytes.
    auto held = std::make_shared<const std::vector<char>>(file.begin(), file.end());
    const auto bytes = as_bytes(std::string_view(held->data(), held->size()));
    CHECK(says(read_onnx(bytes, std::move(held)).status(), text));
  }
}

TEST_CASE("a file that is cut off anywhere is an error, unless nothing that matters is missing",
          "[onnx]") {
  const std::vector<float> weights(40, 1.0f);
  Proto file =
      Proto()
          .integer(1, 8)
          .bytes(2, "exporter")
          .message(
              7,
              with_relu(Proto()
                            .message(kGraphInitializer, raw_tensor("w", kOnnxFloat, {40}, weights))
                            .message(kGraphNode, node("Clip", {"x", "", "w"}, {"z"},
                                                      {integers_attribute("axes", {1, 2})}))))
          .message(8, Proto().bytes(1, "").integer(2, 17));
  const std::string whole = file.data();
  REQUIRE(status_of(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    // A copy of exactly that size, so that the sanitizers see a read past its end.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const Status status = status_of(std::string_view(cut.data(), cut.size()));
    INFO("cut at " << size << ": " << status.message);
    CHECK(status.code == Code::kInvalidFile);
  }
  const std::string metadata = file.message(14, Proto().bytes(1, "key").bytes(2, "value")).data();
  CHECK(status_of(metadata.substr(0, whole.size())).ok());
  CHECK(status_of(metadata.substr(0, metadata.size() - 1)).code == Code::kInvalidFile);
}

TEST_CASE("any byte of a file may be wrong without harm", "[onnx]") {
  const std::string whole = model(with_if(with_relu(), with_relu())).data();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x02, 0x08, 0x80, 0xff}) {
      std::string file = whole;
      file[at] = static_cast<char>(file[at] ^ change);
      for (const bool may_modify : {false, true}) {
        std::vector<std::byte> bytes(as_bytes(file).begin(), as_bytes(file).end());
        OnnxOptions options;
        options.may_modify_file = may_modify;
        const Status status = read_onnx(bytes, nullptr, options).status();
        CHECK(status.ok() == status.message.empty());
      }
    }
  }
}

TEST_CASE("damage is reported with the byte and the field", "[onnx]") {
  const std::string good = with_relu().data();
  // The node's last field claims more bytes than there are.
  const Proto bad = Proto()
                        .message(kGraphNode, Proto().bytes(4, "Relu").bytes(2, "y"))
                        .message(kGraphNode, Proto().integer(1, 3));
  CHECK(says(status_of(model(bad).data()), "in graph.node[1]"));
  CHECK(says(status_of(model(bad).data()), "byte "));
  CHECK(says(status_of(model(with_relu()).data().substr(0, 10)), "byte 2"));
}

TEST_CASE("lengths beyond 31 and 32 bits are lengths beyond the end", "[onnx]") {
  for (const int64_t length : {int64_t{0x7fffffff}, int64_t{0x80000000}, int64_t{0xfffffff0},
                               int64_t{0x100000001}, int64_t{-1}}) {
    for (const char field : {'\x3a', '\x12'}) {  // graph, producer_name (which is skipped)
      std::string file = "\x08\x08";
      file += field;
      std::string number = Proto().integer(1, length).data();
      file += number.substr(1) + std::string(40, 'x');
      CHECK(status_of(file).code == Code::kInvalidFile);
    }
  }
}

TEST_CASE("a model without a graph, operator sets or outputs is an error", "[onnx]") {
  CHECK(says(status_of(Proto().integer(1, 8).data()), "no graph"));
  CHECK(says(status_of(Proto().integer(1, 8).message(7, with_relu()).data()), "operator set"));
  CHECK(says(status_of(Proto()
                           .message(kGraphNode, node("Relu", {"x"}, {"y"}))
                           .message(kGraphInput, tensor_value("x", 1, {}))),
             "no outputs"));
  CHECK(says(status_of(Proto()), "no outputs"));
}

TEST_CASE("operator sets outside 7 to 23 are refused", "[onnx]") {
  for (const int opset : {1, 6, 24, 1000, -1}) {
    const Status status = status_of(with_relu(), opset);
    CHECK(status.code == Code::kUnsupportedOpset);
    CHECK(says(status, std::to_string(opset)));
  }
  for (const int opset : {7, 23}) CHECK(status_of(with_relu(), opset).ok());
}

TEST_CASE("all unsupported operators are named at once, with their nodes", "[onnx]") {
  const Proto branch = Proto()
                           .message(kGraphNode, node("Inside", {}, {"b"}, {}, "", "n4"))
                           .message(kGraphOutput, tensor_value("b", 1, {}));
  Proto graph;
  graph.message(kGraphNode, node("Strange", {"x"}, {"a1"}, {}, "", "n1"))
      .message(kGraphNode, node("Attention", {"x"}, {"a2"}, {}, "com.microsoft", "n2"))
      .message(kGraphNode, node("Strange", {"missing"}, {"a3"}))
      .message(kGraphNode, node("ScaledDotProduct", {"x"}, {"a4"}, {}, "heed", "n3"))
      .message(kGraphNode, node("If", {"x"}, {"a5"},
                                {graph_attribute("then_branch", branch),
                                 graph_attribute("else_branch", branch)}))
      .message(kGraphNode, node("MyFunction", {"x"}, {"a6"}, {}, "local", "n5"));
  const Proto file = Proto()
                         .integer(1, 8)
                         .message(7, with_relu(graph))
                         .message(8, Proto().bytes(1, "").integer(2, 17))
                         .message(25, Proto().bytes(1, "MyFunction").bytes(10, "local"));
  const Status status = status_of(file.data());
  CHECK(status.code == Code::kUnsupportedOperator);
  for (const char* text :
       {"Strange", "'n1'", "'a3'", "com.microsoft.Attention", "'n2'", "heed.ScaledDotProduct",
        "'n3'", "Inside", "'n4'", "local.MyFunction", "'n5'", "inline"}) {
    CHECK(says(status, text));
  }
}

TEST_CASE("broken edges are invalid graphs, and the message names the tensor or the node",
          "[onnx]") {
  const auto check = [](const Proto& graph, std::string_view text) {
    const Status status = status_of(graph);
    CHECK(status.code == Code::kInvalidGraph);
    CHECK(says(status, text));
  };
  check(with_relu(Proto().message(kGraphNode, node("Relu", {"nowhere"}, {"z"}, {}, "", "lost"))),
        "'nowhere'");
  check(with_relu(Proto().message(kGraphNode, node("Relu", {"nowhere"}, {"z"}, {}, "", "lost"))),
        "'lost'");
  check(with_relu(Proto().message(kGraphOutput, tensor_value("nothing", 1, {}))), "'nothing'");
  check(with_relu(Proto().message(kGraphNode, node("Relu", {"x"}, {"y"}, {}, "", "twin"))),
        "'the_relu'");
  check(with_relu(Proto().message(kGraphNode, node("Relu", {"y"}, {"x"}, {}, "", "back"))),
        "'back'");
  check(with_relu(Proto().message(kGraphInput, tensor_value("x", 1, {}))), "'x'");
  check(with_relu(Proto().message(kGraphOutput, tensor_value("y", 1, {}))), "twice");
  check(with_relu(Proto()
                      .message(kGraphInitializer, raw_tensor("w", 1, {0}, ""))
                      .message(kGraphInput, tensor_value("w", 1, {}))
                      .message(kGraphInput, tensor_value("w", 1, {}))),
        "'w'");
  check(with_relu(Proto().message(kGraphNode, node("Relu", {"a"}, {"a"}, {}, "", "ouroboros"))),
        "cycle");
  check(with_relu(Proto()
                      .message(kGraphNode, node("Relu", {"b"}, {"a"}, {}, "", "head"))
                      .message(kGraphNode, node("Relu", {"a"}, {"b"}, {}, "", "tail"))),
        "'tail' waits for 'head'");
  check(with_relu(Proto().message(kGraphNode, node("Add", {"x"}, {"z"}))), "1 inputs");
  check(with_relu(Proto().message(kGraphNode, node("Relu", {"x", "x"}, {"z"}))), "2 inputs");
  check(with_relu(Proto().message(kGraphNode, node("Add", {"", "x"}, {"z"}))), "missing");
  check(with_relu(Proto().message(kGraphNode, node("Constant", {}, {"z"}))), "no value");
  check(with_relu(Proto().message(kGraphInitializer, raw_tensor("", 1, {0}, ""))), "no name");
  check(with_relu(Proto()
                      .message(kGraphInitializer, raw_tensor("w", 1, {0}, ""))
                      .message(kGraphInitializer, raw_tensor("w", 1, {0}, ""))),
        "'w'");
}

TEST_CASE("branches of If are checked like graphs", "[onnx]") {
  const Proto good = Proto()
                         .message(kGraphNode, node("Relu", {"x"}, {"b"}))
                         .message(kGraphOutput, tensor_value("b", 1, {}));
  REQUIRE(status_of(with_if(good, good)).ok());
  const Proto lost = Proto()
                         .message(kGraphNode, node("Relu", {"nowhere"}, {"b"}))
                         .message(kGraphOutput, tensor_value("b", 1, {}));
  CHECK(says(status_of(with_if(good, lost)), "'nowhere'"));
  CHECK(says(status_of(with_if(good, Proto())), "else_branch"));
  const Proto loop = Proto()
                         .message(kGraphNode, node("Relu", {"b"}, {"b"}))
                         .message(kGraphOutput, tensor_value("b", 1, {}));
  CHECK(says(status_of(with_if(loop, good)), "cycle"));
  const Proto two = Proto(good).message(kGraphOutput, tensor_value("x", 1, {}));
  CHECK(says(status_of(with_if(good, two)), "2 outputs"));
  const auto nested = [&](int branches) {
    Proto branch = good;
    for (int depth = 1; depth < branches; ++depth) {
      branch = Proto()
                   .message(kGraphNode, node("If", {"c"}, {"b"},
                                             {graph_attribute("then_branch", branch),
                                              graph_attribute("else_branch", good)}))
                   .message(kGraphOutput, tensor_value("b", 1, {}));
    }
    return with_if(branch, good);
  };
  CHECK(status_of(nested(onnx::kMaxNesting - 1)).ok());
  CHECK(says(status_of(nested(onnx::kMaxNesting)), "nested"));
  CHECK(says(status_of(nested(5000)), "nested"));
}

TEST_CASE("inputs and outputs that heed has no type for are named", "[onnx]") {
  const auto check = [](const Proto& graph, std::string_view text) {
    const Status status = status_of(graph);
    CHECK(status.code == Code::kUnsupportedType);
    CHECK(says(status, text));
  };
  check(with_relu(Proto().message(kGraphInput, tensor_value("words", kOnnxString, {2}))),
        "'words': it is declared as string");
  check(with_relu(Proto().message(kGraphInput, tensor_value("wide", kOnnxUint64, {2}))), "uint64");
  check(with_relu(Proto().message(
            kGraphInput, Proto().bytes(1, "list").message(2, Proto().message(4, Proto())))),
        "'list'");
  check(with_relu(Proto().message(kGraphInput, Proto().bytes(1, "untyped"))), "'untyped'");
  check(with_relu(Proto().message(kGraphSparseInitializer, Proto())), "sparse");
}
