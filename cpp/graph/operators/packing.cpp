#include "graph/operators/packing.h"

#include <cstring>

namespace heed {

Buffer pack_weights(Lowering& node, int index, std::string_view key, int64_t count, PackedForm form,
                    const Packing& packing) {
  const auto call = packing.call;
  if (const Constant* weights = node.value(index)) {
    return node.packed(index, key, count, form, [&](std::byte* to) {
      call(packing.body, weights->values<float>().data(), reinterpret_cast<float*>(to));
    });
  }
  const Buffer to = node.scratch(count);
  const Buffer body = node.table(
      packing.bytes, [&](std::byte* at) { std::memcpy(at, packing.body, packing.bytes); });
  node.run([=, from = node.input_buffer(index)](const Run& run) {
    call(run.at<std::byte>(body), run.at(from), run.at(to));
  });
  return to;
}

}  // namespace heed
