// Recipes: how layers are put together, as text. A mechanism's recipe stands in its own .cpp, and
// one small reader builds the layer of it, step by step, by calls of its Builder. In a package the
// texts are part of its JavaScript, and the engine has the reader alone.
//
//   layer ECA {
//     taps = "conv.weight"
//     kernel = extent(taps, 2, $kernelSize(3))
//     if kernel % 2 == 0 wrong("the kernel's size is {kernel}, not odd")
//     x = arg("x", "batch channels *")
//     ...
//   }
//
// Statements. There is nothing between them but blanks; `#` begins a comment.
//   name = value                a variable of the function
//   if condition s else s       s: a statement, or several in { }
//   for name in s               name is 0, 1, .. of a number, or every element of a list
//   while condition s
//   fn name(a, b) s             a function; its value is that of the last statement, or of return
//   return value
//   layer Name s                like a function, at the beginning of a line: a kind of layer
//   value
// Functions at the beginning of a line can be called from everywhere. Those inside of a function
// see its variables. Arguments that are left out are nothing; `kernel=3`, behind the others, gives
// one by its name.
//
// Values: numbers, texts, lists, tensors, activations, nothing. What is 0, empty or nothing is
// false.
//   1e-5  "place.{i}.weight"  [1, 2]  list[i]  (of a number: itself)  none, or any other name that
//   no variable has: nothing
//   c ? a : b   or and (one of their operands)   == != < > <= >=   + -   * / // (whole) %   - !
// Lists are joined by +. Between tensors operators are nodes; a number beside a tensor is a float32
// scalar, a list beside it int64 (n). In the same way they are inputs of nodes.
//   Softmax(x, axis=1)          an operator of ONNX or a fused step, with attributes
//   next()                      a further output of the last node
//
// Options: `$name` is whether it is given; `$name()` a flag, `$name(16)` a number from 1 on, by
// default 16, `$name(0, 0)` one from 0 on, `$name("a|b")` which of these texts it is, 0 first.
//
// The layer's place: under("place.", "map", x, ...) s is what s builds of these arguments with the
// weights below the place, its map being called "map"; layer("Name") in it builds another kind.
// All other functions are those of recipe_functions.def, and of other recipes. The names of
// weights' places end with their dot.
//
// Errors of what is built stay with the Builder, and nothing stops. A mistake in a text is an
// error (kInternal) that shows what could not be read, and ends the recipe.
#pragma once

#include <span>
#include <string_view>

namespace heed::attention {

class Builder;

// Builds a layer of that kind; false when no recipe is for it.
bool build_by_recipe(Builder& b, std::string_view kind);

// Further recipes, which the reader looks at last. The text must stay, and end with a zero.
void add_recipes(const char* text);

// Those that are there from the beginning. Natively (recipes.cpp) all of the catalogue.
std::span<const char* const> built_in_recipes();

}  // namespace heed::attention
