// What JavaScript sees; web/src/engine/raw.ts has the same as types. The one file that includes
// Emscripten's headers.
#include <emscripten/bind.h>

#include "bindings/engine.h"

namespace {

// The codes of base/status.h, one a line; a test compares them with those of web/src/errors.ts.
std::string codes() {
  std::string text;
#define HEED_CODE(name, code) text += code "\n";
  HEED_CODES(HEED_CODE)
#undef HEED_CODE
  return text;
}

}  // namespace

EMSCRIPTEN_BINDINGS(heed) {
  using heed::Engine;
  emscripten::function("codes", &codes);
  emscripten::class_<Engine>("Engine")
      .constructor<>()
      .function("reserve", &Engine::reserve)
      .function("keep", &Engine::keep)
      .function("load", &Engine::load)
      .function("describe", &Engine::describe)
      .function("request", &Engine::request)
      .function("prepare", &Engine::prepare)
      .function("inputAddress", &Engine::input_address)
      .function("execute", &Engine::execute)
      .function("finished", &Engine::finished)
      .function("results", &Engine::results);
}
