// What Embind is told. The one file that includes Emscripten's headers.
#include <emscripten/bind.h>

#include "bindings/calls.h"

EMSCRIPTEN_BINDINGS(heed) {
  using emscripten::function;
  namespace calls = heed::calls;
  function("open", &calls::open);
  function("release", &calls::release);
  function("words", &calls::words);
  function("text", &calls::text);
  function("reserve", &calls::reserve);
  function("keep", &calls::keep);
  function("load", &calls::load);
  function("describe", &calls::describe);
  function("prepare", &calls::prepare);
  function("inputAddress", &calls::input_address);
  function("execute", &calls::execute);
  function("results", &calls::results);
}
