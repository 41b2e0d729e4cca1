// Exceptions without types: all that is thrown here says that memory ran out, or is protozero's,
// and whoever catches catches everything (base/guarded.cpp, formats/varint.cpp). The C++ library's
// own exceptions bring what finds a handler by its type, and what ends a program with a message:
// two kilobytes of the download. So these are the functions that compilers call for `throw` and
// `catch`.
#include <cstdlib>
#include <exception>
#include <new>

namespace {

// Nothing that is thrown is larger, and no exception is thrown while another is handled.
alignas(16) char the_exception[16];

[[noreturn]] void throw_exception() { __builtin_wasm_throw(0, the_exception); }

void* or_throw(void* memory) {
  if (!memory) throw_exception();
  return memory;
}

}  // namespace

extern "C" {

void* __cxa_allocate_exception(size_t) noexcept { return the_exception; }
void __cxa_free_exception(void*) noexcept {}
void __cxa_throw(void*, void*, void (*)(void*)) { throw_exception(); }
void* __cxa_begin_catch(void* exception) noexcept { return exception; }
void __cxa_end_catch() {}

// The tables of the classes that describe types, of which only the addresses are used.
#define HEED_UNUSED_TABLE(name, symbol)          \
  extern void* const name[] __asm__(symbol "E"); \
  void* const name[3] = {};
HEED_UNUSED_TABLE(class_type_info, "_ZTVN10__cxxabiv117__class_type_info")
HEED_UNUSED_TABLE(si_class_type_info, "_ZTVN10__cxxabiv120__si_class_type_info")
HEED_UNUSED_TABLE(vmi_class_type_info, "_ZTVN10__cxxabiv121__vmi_class_type_info")
#undef HEED_UNUSED_TABLE

}  // extern "C"

void std::terminate() noexcept { __builtin_trap(); }

using Alignment = std::align_val_t;
void* operator new(size_t bytes) { return or_throw(std::malloc(bytes)); }
void* operator new[](size_t bytes) { return or_throw(std::malloc(bytes)); }
void* operator new(size_t bytes, Alignment alignment) {
  return or_throw(std::aligned_alloc(static_cast<size_t>(alignment), bytes));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, Alignment) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, Alignment) noexcept { std::free(memory); }
