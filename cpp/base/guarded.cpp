#include "base/guarded.h"

namespace heed {

// Catching everything, and not std::bad_alloc alone, needs no search by type at run time, which
// would be a kilobyte of library.
bool enough_memory_for(FunctionRef<void()> body) {
  try {
    body();
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace heed
