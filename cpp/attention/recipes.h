// The texts of recipes.def's files. A file that has nothing else defines its text here and no more.
#pragma once

namespace heed::attention::recipes {

#define HEED_RECIPES(file) extern const char file[];
#include "attention/recipes.def"
#undef HEED_RECIPES

}  // namespace heed::attention::recipes
