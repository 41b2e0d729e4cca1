// What a file that is not the expected one looks like.
#pragma once

#include <span>
#include <string_view>

namespace heed {

// A sentence about bytes that are no ONNX file ("it starts like an HTML page: was the address
// right?"), or nothing.
std::string_view describe_foreign_file(std::span<const std::byte> file);

}  // namespace heed
