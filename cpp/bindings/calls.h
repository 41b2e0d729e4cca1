// The functions that JavaScript calls; web/src/engine/raw.ts has them as types. All they take and
// give is int: an address, a handle (the address of a Slot), the number of a status code.
#pragma once

namespace heed::calls {

// What `execute` returns where the run goes on.
inline constexpr int kUnfinished = -1;

// A handle; and its end, with that of all it owns.
int open();
int release(int handle);

// The address of `count` words, in which JavaScript leaves what the next call reads.
int words(int count);
// The address of the text that the last call gave or, where it returned the code of an error, of
// the message. A 0 ends it.
int text();

// Those of Slot; names are in `words`. `describe` gives the address of a text.
int reserve(int handle, int name_bytes, int bytes);
int keep(int handle, int name_bytes);
int load(int handle, int recognize);
int describe(int handle);

// Layers: those of Slot. `build` reads a description in `words`; `weights` is a handle, or 0.
int add_weights(int handle);
int adopt(int handle, int other, int prefix_bytes);
int build(int handle, int weights);
// Whether a file of `file_bytes` bytes is in the safetensors format; its first `head_bytes`, up to
// the end of its header, are in `words`.
int check_safetensors(int head_bytes, int file_bytes);

// What attention keeps between runs.
int cache_length(int handle);
int truncate_cache(int handle, int length);

// Those of Session; the request is in `words`. `results` gives the address of words.
int prepare(int handle);
int input_address(int handle, int index);
int execute(int handle, int milliseconds);
int results(int handle);

}  // namespace heed::calls
