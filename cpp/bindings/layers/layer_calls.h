// The functions that JavaScript calls for layers; like those of bindings/calls.h.
#pragma once

namespace heed::calls {

// The texts of the recipes that the engine has not, `bytes` bytes in `words`; before the first
// layer is built. Layers: those of Slot. `build` reads a description in `words`; `weights` is a
// handle, or 0.
int add_recipes(int bytes);
int add_weights(int handle);
int adopt(int handle, int other, int prefix_bytes);
int build(int handle, int weights);
// Whether a file of `file_bytes` bytes is in the safetensors format; its first `head_bytes`, up to
// the end of its header, are in `words`.
int check_safetensors(int head_bytes, int file_bytes);

// What attention keeps between runs.
int cache_length(int handle);
int truncate_cache(int handle, int length);

}  // namespace heed::calls
