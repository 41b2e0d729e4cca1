// Variable-length integers, as protobuf has them.
#pragma once

#include <cstdint>

namespace heed {

// Reads one and moves `position` behind it; false when it is not complete before `end`, or too
// long.
bool read_varint(const char*& position, const char* end, uint64_t& value);

}  // namespace heed
