// Tensors as tests hold them: row-major values with a shape, and comparison that says where the
// difference is.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"

namespace heed::test {

struct HostTensor {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  std::vector<std::byte> data;

  template <class T>
  std::span<const T> values() const {
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }
};

template <class T>
HostTensor host_tensor(std::span<const T> values, const Shape& shape, std::string name = {}) {
  HostTensor tensor{std::move(name), DTypeOf<T>::value, shape, {}};
  tensor.data.resize(values.size_bytes());
  if (!values.empty()) std::memcpy(tensor.data.data(), values.data(), values.size_bytes());
  return tensor;
}
template <class T>
HostTensor host_tensor(std::initializer_list<T> values, const Shape& shape, std::string name = {}) {
  return host_tensor(std::span<const T>(values.begin(), values.size()), shape, std::move(name));
}

// Element i of any numeric tensor.
double element(const HostTensor& tensor, size_t i);

// |actual - expected| <= absolute + relative * |expected|, for every element of a floating tensor;
// NaN equals NaN, infinities equal themselves. Integers and bools are compared exactly.
struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

// Empty when the tensors agree in type, shape and values; else a sentence with the worst element.
std::string difference(const HostTensor& actual, const HostTensor& expected, Tolerance tolerance);

// max |actual - expected| / max |expected|: how networks are compared.
double relative_error(std::span<const float> actual, std::span<const float> expected);

// Repeatable values in [low, high), the same on every system.
std::vector<float> random_floats(size_t count, uint32_t seed, float low = -1, float high = 1);

}  // namespace heed::test
