// The one way in which kernels split work.
#pragma once

#include <type_traits>

#include "base/shape.h"

namespace heed {

// A reference to a callable `void(Extent begin, Extent end)`: two words, no allocation.
class RangeTask {
 public:
  template <class F>
  RangeTask(F& body)
      : body_(&body),
        call_([](void* f, Extent begin, Extent end) { (*static_cast<F*>(f))(begin, end); }) {}
  void operator()(Extent begin, Extent end) const { call_(body_, begin, end); }

 private:
  void* body_;
  void (*call_)(void*, Extent, Extent);
};

// Calls `body(begin, end)` so that the ranges cover 0..count once; no range but the last is shorter
// than `grain`. `body` may run on several threads at the same time: it writes only what its range
// owns. Today there is one thread, and one call.
template <class F>
void parallel_for(Extent count, Extent grain, F&& body) {
  static_cast<void>(grain);
  std::remove_reference_t<F>& callable = body;
  const RangeTask task(callable);
  if (count > 0) task(0, count);
}

}  // namespace heed
