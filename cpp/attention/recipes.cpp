// The catalogue for C++: its recipes are part of the program, and build functions read them.
#include "attention/recipes.h"

#include "attention/builder.h"
#include "attention/recipe.h"

namespace heed::attention {

std::span<const char* const> built_in_recipes() {
  static constexpr const char* kTexts[] = {
#define HEED_RECIPES(file) recipes::file,
#define HEED_ENGINE_RECIPES HEED_RECIPES
#include "attention/recipes.def"
#undef HEED_ENGINE_RECIPES
#undef HEED_RECIPES
  };
  return kTexts;
}

#define HEED_LAYER(name, function) \
  void build_##function(Builder& b) { build_by_recipe(b, #name); }
#include "attention/layers.def"
#undef HEED_LAYER

}  // namespace heed::attention
