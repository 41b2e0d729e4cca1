// Any bytes, read as a model, compiled for small shapes and run with little memory: outputs or an
// error, never a crash.
#include <cstdlib>
#include <cstring>

#include "attention/mechanism.h"
#include "formats/onnx.h"
#include "graph/optimize.h"
#include "graph/session.h"

using namespace heed;

namespace {

// Bounds the work too: products of all pairs of elements still end within a second.
constexpr size_t kMemoryLimit = 128 << 10;
constexpr double kMilliseconds = 200;

// The declared shape, with `free` in place of what is open.
Shape shape_of(const Tensor& tensor, int64_t free) {
  std::vector<int64_t> dims;
  for (const Dimension& dim : tensor.dims) dims.push_back(dim.extent < 0 ? free : dim.extent);
  const Result<Shape> shape = Shape::make(dims);
  return shape.ok() ? shape.value() : Shape{};
}

// Repeatable values that are neither all alike nor large: small integers make good indices and
// sizes as well.
void fill(std::span<std::byte> bytes, DType dtype, uint32_t seed) {
  const size_t element = byte_size(dtype);
  for (size_t i = 0; i < bytes.size() / element; ++i) {
    const int small = static_cast<int>((i * 7 + seed) % 5) - 1;
    std::byte* at = bytes.data() + i * element;
    switch (dtype) {
      case DType::kF32: {
        const float value = static_cast<float>(small) * 0.5f;
        std::memcpy(at, &value, sizeof value);
        break;
      }
      case DType::kF16: {
        const uint16_t value = float_to_half(static_cast<float>(small));
        std::memcpy(at, &value, sizeof value);
        break;
      }
      case DType::kI64: {
        const int64_t value = small;
        std::memcpy(at, &value, sizeof value);
        break;
      }
      case DType::kI32:
        std::memcpy(at, &small, sizeof small);
        break;
      case DType::kBool:
        *at = static_cast<std::byte>(small > 0);
        break;
      default:
        *at = static_cast<std::byte>(small);
    }
  }
}

void run_once(Session& session, int64_t free) {
  const Graph& graph = session.graph();
  Request request;
  for (TensorId input : graph.inputs) request.inputs.push_back(shape_of(graph.tensor(input), free));
  for (size_t block = 0; block < graph.blocks.size(); ++block)
    request.blocks.push_back(static_cast<int>(block));
  if (!session.prepare(request).ok()) return;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    fill(session.input_data(static_cast<int>(i)), graph.tensor(graph.inputs[i]).dtype,
         static_cast<uint32_t>(i));
  }
  const Result<bool> finished = session.execute(kMilliseconds);
  if (!finished.ok() || !finished.value()) return;
  unsigned char sum = 0;
  for (const OutputValue& output : session.outputs()) {
    for (size_t i = 0; i < output.bytes(); ++i)
      sum = static_cast<unsigned char>(sum + static_cast<unsigned char>(output.data[i]));
  }
  volatile unsigned char read = sum;
  static_cast<void>(read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto owner = std::make_shared<std::vector<std::byte>>(size);
  if (size > 0) std::memcpy(owner->data(), data, size);
  OnnxOptions options;
  options.may_modify_file = true;
  Result<Graph> graph = read_onnx(*owner, owner, options);
  if (!graph.ok()) return 0;
  OptimizeOptions passes;
  passes.recognize = attention::recognize;
  if (!optimize(graph.value(), passes).ok()) return 0;
  // The second session runs in the other layout, and asks for a second plan.
  for (const bool channels_last : {false, true}) {
    auto session = Session::create(
        graph.value(), {.force_channels_last = channels_last, .memory_limit = kMemoryLimit});
    if (!session.ok()) return 0;
    run_once(*session.value(), 2);
    if (channels_last) run_once(*session.value(), 5);
  }
  return 0;
}
