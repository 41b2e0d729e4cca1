// Embind's runtime has one use for printf: a type that nobody registered is called by its address,
// siprintf(text, "%p", address), in an error that a binding with such a type would give to its
// author. The library's printf is 8 KB of wasm, so this one says that and no more.
#include <cstdarg>
#include <cstdint>

extern "C" int siprintf(char* out, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  auto address = reinterpret_cast<uintptr_t>(va_arg(arguments, const void*));
  va_end(arguments);
  for (int i = 0; i < 8; ++i) out[i] = "0123456789abcdef"[address >> (28 - 4 * i) & 15];
  out[8] = '\0';
  return 8;
}
