#include "graph/operators/copy_task.h"

namespace heed {

void run_copy(Lowering& node, const kernels::StridedCopy& copy, const Place& from, const Place& to,
              size_t element_bytes) {
  const auto bytes = static_cast<ptrdiff_t>(element_bytes);
  node.run([=](const Run& run) {
    kernels::copy_strided(copy, run.at<std::byte>(from.buffer) + from.offset * bytes,
                          run.at<std::byte>(to.buffer) + to.offset * bytes, element_bytes);
  });
}

void run_fill(Lowering& node, Buffer element, Buffer to, Extent count, size_t element_bytes) {
  node.run([=](const Run& run) {
    kernels::fill_row(run.at<std::byte>(element), run.at<std::byte>(to), count, element_bytes);
  });
}

}  // namespace heed
