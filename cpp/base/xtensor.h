// The one header through which xtensor is included. Its errors become traps: sizes are checked
// before, and its own exceptions would bring iostream (47 KB gzip) into the wasm.
#pragma once

#include <xtensor/xtensor_config.hpp>

#undef XTENSOR_THROW
#define XTENSOR_THROW(exception, message) __builtin_trap()

#include <xtensor/xadapt.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
