#include "graph/operators/packing.h"

namespace heed {

namespace {

Result<size_t> float_bytes(int64_t count) {
  // Half the address space, so that sums of a few such sizes do not wrap around.
  constexpr uint64_t kMost = SIZE_MAX / 2;
  const uint64_t bytes = static_cast<uint64_t>(count) * sizeof(float);
  if (bytes > kMost) return error(Code::kOutOfMemory, "no memory for ", bytes, " bytes");
  return static_cast<size_t>(bytes);
}

}  // namespace

Result<Buffer> float_scratch(Lowering& node, int64_t count) {
  const Result<size_t> bytes = float_bytes(count);
  if (!bytes.ok()) return bytes.status();
  return node.scratch(bytes.value());
}

Result<Buffer> pack_weights(Lowering& node, int index, std::string_view key, int64_t count,
                            Packing packing, std::function<void(const float*, float*)> fill) {
  const Result<size_t> bytes = float_bytes(count);
  if (!bytes.ok()) return bytes.status();
  if (const Constant* weights = node.constant(index)) {
    return node.packed(index, key, bytes.value(), packing, [&](std::byte* to) {
      fill(weights->values<float>().data(), reinterpret_cast<float*>(to));
    });
  }
  const Buffer from = node.input(index).buffer;
  const Buffer to = node.scratch(bytes.value());
  node.run([=](const Run& run) { fill(run.at(from), run.at(to)); });
  return to;
}

}  // namespace heed
