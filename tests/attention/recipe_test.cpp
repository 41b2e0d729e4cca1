// The language of recipes: every construct, by what an error's text says of values, and by what
// small layers give.
#include "attention/recipe.h"

#include <catch2/catch.hpp>
#include <deque>

#include "support/run_layer.h"

using namespace heed;
using namespace heed::test;
using attention::Layer;
using attention::Options;

namespace {

// A new kind of layer with that body; its name.
std::string kind_of(const std::string& body, const std::string& functions = "") {
  static std::deque<std::string> texts;  // recipes point into them
  const std::string kind = "Test" + std::to_string(texts.size());
  texts.push_back(functions + "\nlayer " + kind + " {\n" + body + "\n}\n");
  attention::add_recipes(texts.back().c_str());
  return kind;
}

// The error's text without the kind in front.
std::string error_of(const std::string& body, Options options = {},
                     const std::string& functions = "") {
  const std::string kind = kind_of(body, functions);
  const std::string text = layer_error({kind, "", std::move(options), {}}, nullptr, {});
  return text.substr(0, kind.size() + 2) == kind + ": " ? text.substr(kind.size() + 2) : text;
}

std::string value_of(const std::string& expression, Options options = {}) {
  return error_of("wrong(\"{" + expression + "}\")", std::move(options));
}

std::vector<float> output_of(const std::string& body, const std::vector<HostTensor>& inputs,
                             const std::string& functions = "") {
  const auto results = run_layer({kind_of(body, functions), "", {}, {}}, nullptr, inputs);
  REQUIRE(results.status().message == "");
  const auto values = results.value().output().values<float>();
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("recipes compute with numbers", "[recipe]") {
  CHECK(value_of("1 + 2 * 3") == "7");
  CHECK(value_of("(1 + 2) * 3") == "9");
  CHECK(value_of("10 - 3 - 2") == "5");
  CHECK(value_of("7 / 2") == "3.5");
  CHECK(value_of("7 // 2 * 2") == "6");
  CHECK(value_of("-7 // 2") == "-3");
  CHECK(value_of("7 % 4") == "3");
  CHECK(value_of("-2 * -3") == "6");
  CHECK(value_of("1e3 + 0.25") == "1000.25");
  CHECK(value_of("25e-2") == "0.25");
  CHECK(value_of("max(2, 3) - min(2, 3) + sqrt(16)") == "5");
}

TEST_CASE("recipes compare and decide", "[recipe]") {
  CHECK(value_of("1 < 2") == "1");
  CHECK(value_of("2 < 1") == "0");
  CHECK(value_of("2 <= 2") == "1");
  CHECK(value_of("1 >= 2") == "0");
  CHECK(value_of("3 > 2") == "1");
  CHECK(value_of("1 + 1 == 2") == "1");
  CHECK(value_of("1 != 1") == "0");
  CHECK(error_of(R"(a = "x" b = "x" wrong("{a == b}{a == 1}{none == 0}{none == other}"))") ==
        "1001");
  CHECK(value_of("0 or 5") == "5");
  CHECK(value_of("4 or 5") == "4");
  CHECK(value_of("4 and 5") == "5");
  CHECK(value_of("0 and 5") == "0");
  CHECK(value_of("1 or 0 and 0") == "1");
  CHECK(value_of("!0 + !3") == "1");
  CHECK(value_of("0 ? 1 : 1 ? 2 : 3") == "2");
  CHECK(value_of("1 == 1 ? 1 + 1 : 5") == "2");
}

TEST_CASE("recipes evaluate only what they need", "[recipe]") {
  CHECK(error_of(R"(x = 1 or wrong("a")  y = 0 and wrong("b")  wrong("c"))") == "c");
  CHECK(error_of(R"(x = 1 ? 2 : wrong("a")  y = 0 ? wrong("b") : 3  wrong("c"))") == "c");
  CHECK(error_of(R"(if 0 wrong("a") else if 0 { wrong("b") } else { wrong("c") } wrong("d"))") ==
        "c");
  CHECK(error_of(R"(if 1 { if 0 wrong("a") } else wrong("b") wrong("c"))") == "c");
  CHECK(error_of(R"(fn f() wrong("a") wrong("b"))") == "b");
}

TEST_CASE("recipes have texts, lists and variables", "[recipe]") {
  CHECK(error_of(R"(m = 3 wrong("paths.{m}.conv{m - 3 ? "s" : ""}{none}"))") == "paths.3.conv");
  CHECK(
      error_of(R"(l = [1, 2] + [3, [4]] wrong("{l[0]}{l[2]}{l[3][0]} {len(l)} {l[7]}{l[-1]}"))") ==
      "134 4 ");
  CHECK(error_of(R"(n = 5 wrong("{n[3]} {["a", "b"][1]}"))") == "5 b");
  CHECK(error_of("order = 1 # or = 2\nwrong(\"{order}\")") == "1");
}

TEST_CASE("recipes repeat", "[recipe]") {
  CHECK(error_of(R"(s = "" for i 3 s = "{s}{i}" wrong("{s}"))") == "012");
  CHECK(error_of(R"(s = "" for i 2 for j ["a", "b"] { s = "{s}{i}{j} " } wrong("{s}"))") ==
        "0a 0b 1a 1b ");
  CHECK(error_of(R"(for i 0 wrong("a") for i [] wrong("b") wrong("c"))") == "c");
  CHECK(error_of(R"(n = 1 while n < 20 n = n * 3 wrong("{n}"))") == "27");
  CHECK(error_of(R"(while 0 { wrong("a") } wrong("b"))") == "b");
}

TEST_CASE("recipes have functions", "[recipe]") {
  CHECK(error_of(R"(fn f(a, b) a * 10 + b  wrong("{f(1, 2)}"))") == "12");
  // Arguments that are left out, and by name.
  CHECK(error_of(R"(fn f(a, b, c) "{a}-{b}-{c}"  wrong("{f(1)} {f(1, c=3)} {f(1, b=2)}"))") ==
        "1-- 1--3 1-2-");
  // Those inside see the outer variables, and assign their own.
  CHECK(error_of(R"(n = 1 fn f() { m = n + 1 n = 5 m } x = f() wrong("{x}{n}"))") == "21");
  CHECK(error_of(R"(fn f(n) { if n > 2 return "large" for i 9 if i == n return i  9 }
                    wrong("{f(5)} {f(1)}{f(0)}"))") == "large 10");
  CHECK(error_of(R"(fn f(n) n < 2 ? 1 : n * f(n - 1)  wrong("{f(5)}"))") == "120");
  // Those of texts see nothing of their callers.
  CHECK(error_of(R"(secret = 1 wrong("{seen_by_others(2)}"))", {},
                 "fn seen_by_others(a) \"{a}{secret}\"") == "2");
  // A variable of a function's name does not hide it.
  CHECK(error_of(R"(twice = twice_of_it(2) twice_of_it = 3 wrong("{twice_of_it(twice)}"))", {},
                 "fn twice_of_it(a) a * 2") == "8");
  // The value is the last statement's, of those that were executed.
  CHECK(error_of(R"(fn f(a) { if a { b = 7 } else 8 }  wrong("{f(1)}{f(0)}"))") == "78");
}

TEST_CASE("recipes read options", "[recipe]") {
  const Options given = {{"size", 4}, {"on", 1}, {"mode", "b"}, {"list", {1, 2}}, {"eps", 0.5}};
  const char* body = R"(wrong("{$size}{$other} {$size(9)} {$other(9)} {$on()}{$other()}"))";
  CHECK(error_of(body, given) == "10 4 9 10");
  CHECK(
      error_of(
          R"(wrong("{$mode("a|b")}{$other("a|b")} {text("mode")}{is_text("mode")}{is_text("size")}"))",
          given) == "10 b10");
  CHECK(error_of(R"(l = numbers("list") wrong("{l[0]}{l[1]} {num("eps", 1)} {num("other", 1)}"))",
                 given) == "12 0.5 1");
  CHECK(error_of(R"(l = axes("list", 2, 0, 0) m = axes("size", 2, 0, 0) wrong("{l[1]}{m[1]}"))",
                 given) == "24");
  CHECK(error_of("x = $size(1)", {{"size", 0}}) ==
        "the option 'size' must be a whole number from 1 on, not 0");
  CHECK(error_of("x = $size(1, 0) wrong(\"{x}\")", {{"size", 0}}) == "0");
  CHECK(error_of("x = $mode(\"a|b\")", {{"mode", "c"}}) ==
        "the option 'mode' is 'c', expected a|b");
}

TEST_CASE("recipes make nodes", "[recipe]") {
  const HostTensor x = weight("x", {1, 2, 2}, {1, 2, 3, 4});
  const std::string head = "x = arg(\"x\", \"batch 2 *\") ";
  using Values = std::vector<float>;
  CHECK(output_of(head + "result(x + x * 2)", {x}) == Values{3, 6, 9, 12});
  CHECK(output_of(head + "result(-x / 2 - 1)", {x}) == Values{-1.5, -2, -2.5, -3});
  CHECK(output_of(head + "result(1 - x)", {x}) == Values{0, -1, -2, -3});
  CHECK(output_of(head + "result(Cast(x > 2, to=1))", {x}) == Values{0, 0, 1, 1});
  CHECK(output_of(head + "result(Transpose(x, perm=[0, 2, 1]))", {x}) == Values{1, 3, 2, 4});
  CHECK(output_of(head + "result(Concat([x, x], axis=1) + Concat(x, x, axis=1))", {x}) ==
        Values{2, 4, 6, 8, 2, 4, 6, 8});
  CHECK(output_of(head + "result(Reshape(x, Shape(x) / [1] * [1]))", {x}) == Values{1, 2, 3, 4});
  CHECK(output_of(head + "result(activate(x - 2, act(\"\", \"relu\")))", {x}) ==
        Values{0, 0, 1, 2});
  CHECK(output_of(head + "y = Split(x, axis=1, num_outputs=2) result(next() - y)", {x}) ==
        Values{2, 2});
  CHECK(output_of(head + "result(x * floats([1, 0.5], [2]))", {x}) == Values{1, 1, 3, 2});
  CHECK(output_of(head + "y = opt(\"y\", \"*\") result(x + (y or 1))", {x}) == Values{2, 3, 4, 5});
}

TEST_CASE("a recipe builds others at a place below its own", "[recipe]") {
  const std::string part =
      "fn test_part() { x = arg(\"x\", \"*\") w = weight(\"w\", [2]) map(\"self\", x, \"*\") "
      "result(x * w) }\nlayer TestPart test_part()";
  const std::string kind = kind_of(
      "x = arg(\"x\", \"*\") y = under(\"a.\", \"first\", x) test_part() "
      "result(under(\"b.\", \"second\", y) layer(\"TestPart\"))",
      part);
  const NamedWeights weights =
      named_weights({weight("a.w", {2}, {2, 3}), weight("b.w", {2}, {5, 7})});
  const auto results = run_layer({kind, "", {}, {}}, &weights, {weight("x", {1, 2}, {1, 1})});
  REQUIRE(results.status().message == "");
  const auto values = results.value().output().values<float>();
  CHECK(std::vector<float>(values.begin(), values.end()) == std::vector<float>{10, 21});
  CHECK(results.value().map("first").shape == Shape{1, 2});
  CHECK(results.value().map("second").shape == Shape{1, 2});
}

TEST_CASE("mistakes in a recipe are errors that show where", "[recipe]") {
  const auto shown = [](const std::string& body) {
    const std::string text = error_of(body);
    return text.substr(0, text.find_first_of("}\n"));
  };
  CHECK(shown("x = (1 + 2 y = 3") == "a mistake in the recipe, no ), in front of: y = 3");
  CHECK(shown("x = * 2") == "a mistake in the recipe, no value, in front of: * 2");
  CHECK(shown("x = nowhere(1)") ==
        "a mistake in the recipe, no such function, in front of: nowhere(1)");
  CHECK(shown("x = [1] * 2") == "a mistake in the recipe, no number, in front of: ");
  CHECK(shown("x = has(3) ") == "a mistake in the recipe, no text, in front of:  ");
  CHECK(shown("x = weight(\"w\", 3) ") == "a mistake in the recipe, no shape, in front of:  ");
  CHECK(shown("x = \"abc") == "a mistake in the recipe, no \", in front of: ");
  CHECK(shown("layer(\"Nowhere\") ") ==
        "a mistake in the recipe, not for these values, in front of:  ");
  CHECK(shown("fn f(1 +) 2 ").find("a mistake in the recipe") == 0);
  CHECK(shown("result(Nothing(1))") == "there is no operator Nothing");
  // The first is told, and nothing after it is done.
  CHECK(shown("for i 3 { x = nowhere(i) } wrong(\"later\")")
            .find("a mistake in the recipe, no such function") == 0);
  CHECK(shown("while 1 { x = nowhere(1) }").find("a mistake in the recipe") == 0);
  CHECK(layer_error({"Nowhere", "", {}, {}}, nullptr, {}) == "there is no layer 'Nowhere'");
  CHECK(layer_error({"channels_of", "", {}, {}}, nullptr, {}) == "there is no layer 'channels_of'");
}
