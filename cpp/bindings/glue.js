// A JavaScript library for Emscripten's linker: what the engine needs of its runtime. Emscripten's own versions are for anything
// that a program may do, and several kilobytes, twice, since a page's worker has a copy.

addToLibrary({
  // Embind, for functions that take and give int, which pass between JavaScript and WebAssembly as they are.
  _embind_register_function__deps: ["$AsciiToString", "$getWasmTableEntry"],
  _embind_register_function: (
    name,
    _count,
    _types,
    _signature,
    invoker,
    target,
    _async,
    _nonnull,
  ) => {
    const invoke = getWasmTableEntry(invoker);
    Module[AsciiToString(name)] = (...values) => invoke(target, ...values);
  },

  // Threads would register the functions again; there are none.
  _embind_register_bindings: () => {},

  // By as much as is asked for.
  emscripten_resize_heap: (bytes) => {
    try {
      wasmMemory.grow((bytes - HEAPU8.length + 65535) >>> 16);
      updateMemoryViews();
      return 1;
    } catch {
      return 0;
    }
  },
});
