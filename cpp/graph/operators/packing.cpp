#include "graph/operators/packing.h"

#include <bit>

#include "kernels/pack_panels.h"

namespace heed {

Result<size_t> float_bytes(int64_t count) {
  // Half the address space, so that sums of a few such sizes do not wrap around.
  constexpr uint64_t kMost = SIZE_MAX / 2;
  const uint64_t bytes = static_cast<uint64_t>(count) * sizeof(float);
  if (bytes > kMost) return error(Code::kOutOfMemory, "no memory for ", bytes, " bytes");
  return static_cast<size_t>(bytes);
}

Result<Buffer> pack_weights(Lowering& node, int index, std::string_view key, int64_t count,
                            std::function<void(const float*, float*)> fill) {
  const Result<size_t> bytes = float_bytes(count);
  if (!bytes.ok()) return bytes.status();
  if (const Constant* weights = node.constant(index)) {
    return node.packed(index, key, bytes.value(), [&](std::byte* to) {
      fill(weights->values<float>().data(), reinterpret_cast<float*>(to));
    });
  }
  const Buffer from = node.input(index).buffer;
  const Buffer to = node.scratch(bytes.value());
  node.run([=](const Run& run) { fill(run.at(from), run.at(to)); });
  return to;
}

namespace {

void add_product(Lowering& node, const kernels::BatchedGemm& shape, const ProductBuffers& buffers,
                 Buffer plain, Buffer panels) {
  const kernels::Activation activation = node.activation();
  node.run([=](const Run& run) {
    const auto at = [&](Buffer buffer) { return buffer == kNoBuffer ? nullptr : run.at(buffer); };
    kernels::batched_gemm(shape, run.at(buffers.a), {at(plain), at(panels)}, at(buffers.bias),
                          run.at(buffers.c), {at(buffers.residual), activation});
  });
}

}  // namespace

Status run_product(Lowering& node, const kernels::BatchedGemm& shape, const ProductBuffers& buffers,
                   int b_input) {
  const bool constant = node.constant(b_input) != nullptr;
  if (!constant || kernels::wants_plain_b(shape, true)) {
    return run_dynamic_product(node, shape, buffers, node.input(b_input).buffer);
  }
  const Extent depth = shape.product.depth, columns = shape.product.columns;
  const int64_t one = kernels::panels_count(depth, columns);
  const Extent plain = depth * columns;
  const Extent matrices = plain == 0 ? 0 : node.input_shape(b_input).count() / plain;
  const std::string key = join("panels/", depth, ",", columns, ",", shape.b_row_step, ",",
                               std::bit_cast<int32_t>(shape.scale));
  const Result<Buffer> panels =
      pack_weights(node, b_input, key, one * matrices, [=](const float* from, float* to) {
        for (Extent i = 0; i < matrices; ++i, from += plain, to += one) {
          kernels::pack_panels(
              kernels::matrix_source(from, depth, shape.b_row_step, shape.b_column_step), columns,
              to);
          for (int64_t j = 0; shape.scale != 1 && j < one; ++j) to[j] *= shape.scale;
        }
      });
  if (!panels.ok()) return panels.status();
  add_product(node, shape, buffers, kNoBuffer, panels.value());
  return {};
}

Status run_dynamic_product(Lowering& node, const kernels::BatchedGemm& shape,
                           const ProductBuffers& buffers, Buffer b) {
  Buffer panels = kNoBuffer;
  if (!kernels::wants_plain_b(shape, false)) {
    const Result<size_t> bytes =
        float_bytes(kernels::panels_count(shape.product.depth, shape.product.columns));
    if (!bytes.ok()) return bytes.status();
    panels = node.scratch(bytes.value());
  }
  add_product(node, shape, buffers, b, panels);
  return {};
}

}  // namespace heed
