// What Embind is told besides of layers.
#include <emscripten/bind.h>

#include "bindings/layers/layer_calls.h"

EMSCRIPTEN_BINDINGS(heed_layers) {
  using emscripten::function;
  namespace calls = heed::calls;
  function("addRecipes", &calls::add_recipes);
  function("addWeights", &calls::add_weights);
  function("adopt", &calls::adopt);
  function("build", &calls::build);
  function("checkSafetensors", &calls::check_safetensors);
  function("cacheLength", &calls::cache_length);
  function("truncateCache", &calls::truncate_cache);
}
