// Where exceptions end. The allocator throws when memory runs out, and nothing else does.
#pragma once

#include "base/function_ref.h"

namespace heed {

// Calls the body; false when memory ran out in it. In WebAssembly the code between here and the
// allocator has no landing pads: what the body held is then leaked, until its session's memory
// goes.
bool enough_memory_for(FunctionRef<void()> body);

}  // namespace heed
