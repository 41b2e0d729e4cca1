// The functions that JavaScript calls; web/src/engine/raw.ts has them as types. All they take and
// give is int: an address, a handle (the address of a Slot), the number of a status code.
#pragma once

#include <span>
#include <string_view>

#include "base/function_ref.h"
#include "base/status.h"

namespace heed {
class Slot;
}

namespace heed::calls {

// For the functions themselves: what a handle stands for, the words that were left, and a name in
// them; and where exceptions end, and a status becomes a number and a text.
Slot& slot_of(int handle);
std::span<const int32_t> left_words();
std::string_view name_of(int bytes);
int guarded(FunctionRef<Status()> body);

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

// Those of Session; the request is in `words`. `results` gives the address of words.
int prepare(int handle);
int input_address(int handle, int index);
int execute(int handle, int milliseconds);
int results(int handle);

}  // namespace heed::calls
