// Reads safetensors files: weights by name.
//
// The format (huggingface.co/docs/safetensors): eight bytes with the header's length,
// little-endian; the header, a JSON object that says of each tensor its "dtype", its "shape" and
// where its bytes lie behind the header ("data_offsets": begin and end); the bytes, without gaps.
#pragma once

#include <memory>
#include <span>

#include "graph/named_weights.h"

namespace heed {

// The weights of a file, sorted by name. float16, bfloat16 and float64 become float32, 16-bit
// integers become int32, wider unsigned ones int64. `owner` keeps `file` alive; elements that lie
// well there stay there. Errors: kInvalidWeights (no such file, truncated at any byte, a header of
// absurd length, offsets that overlap, leave gaps or do not fit the shape; with the tensor's name),
// kUnsupportedType, kOutOfMemory.
Result<NamedWeights> read_safetensors(std::span<const std::byte> file,
                                      std::shared_ptr<const void> owner);

// The same checks, of everything but the elements, for who has only the beginning of a file at
// hand: its length and its header (`head`), or less where the file ends earlier.
Status check_safetensors(std::span<const std::byte> head, uint64_t file_bytes);

}  // namespace heed
