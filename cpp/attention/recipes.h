// The texts of recipes.def's files. A file that has nothing else defines its text here and no more.
#pragma once

namespace heed::attention::recipes {

#define HEED_RECIPES(file) extern const char file[];
#define HEED_ENGINE_RECIPES HEED_RECIPES
#include "attention/recipes.def"
#undef HEED_ENGINE_RECIPES
#undef HEED_RECIPES

}  // namespace heed::attention::recipes
