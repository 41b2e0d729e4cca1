#include "bindings/calls.h"

#include <algorithm>

#include "base/guarded.h"
#include "bindings/describe.h"
#include "bindings/slot.h"

namespace heed::calls {

namespace {

// Of the call that is made: nothing is left here that a later one relies on.
std::vector<int32_t> the_words;
std::string the_text;

int address_of(const void* at) { return static_cast<int>(reinterpret_cast<uintptr_t>(at)); }

}  // namespace

Slot& slot_of(int handle) { return *reinterpret_cast<Slot*>(static_cast<uintptr_t>(handle)); }

std::span<const int32_t> left_words() { return the_words; }

std::string_view name_of(int bytes) {
  return {reinterpret_cast<const char*>(the_words.data()), static_cast<size_t>(bytes)};
}

int guarded(FunctionRef<Status()> body) {
  Status status;
  if (!enough_memory_for([&] { status = body(); }))
    status = error(Code::kOutOfMemory, "there is not enough memory");
  the_text = std::string_view(status.message);
  std::replace(the_text.begin(), the_text.end(), '\0', ' ');
  return static_cast<int>(status.code);
}

int open() { return address_of(new Slot); }

int release(int handle) {
  delete &slot_of(handle);
  return 0;
}

int words(int count) {
  the_words.resize(static_cast<size_t>(count));
  return address_of(the_words.data());
}

int text() { return address_of(the_text.data()); }

int reserve(int handle, int name_bytes, int bytes) {
  return address_of(slot_of(handle).reserve(name_of(name_bytes), static_cast<uint32_t>(bytes)));
}

int keep(int handle, int name_bytes) {
  slot_of(handle).keep(name_of(name_bytes));
  return 0;
}

int load(int handle, int recognize) {
  return guarded([&] { return slot_of(handle).load(recognize != 0); });
}

int describe(int handle) {
  the_text = heed::describe(slot_of(handle).session());
  return text();
}

int prepare(int handle) {
  return guarded([&] { return slot_of(handle).prepare(the_words); });
}

int input_address(int handle, int index) {
  return address_of(slot_of(handle).session().input_data(index).data());
}

int execute(int handle, int milliseconds) {
  bool finished = true;
  const int code = guarded([&] {
    const Result<bool> result = slot_of(handle).session().execute(milliseconds);
    finished = !result.ok() || result.value();
    return result.status();
  });
  return finished ? code : kUnfinished;
}

int results(int handle) {
  the_words.clear();
  describe_results(slot_of(handle).session(), the_words);
  return address_of(the_words.data());
}

}  // namespace heed::calls
