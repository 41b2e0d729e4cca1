// A session's inputs and outputs as xtensor arrays, for native programs:
//
//   const xt::xarray<float> image = ...;                          // or any expression
//   request.inputs = {shape_of(image).value()};
//   HEED_TRY(session.prepare(request));
//   HEED_TRY(set_input(session, 0, image * 2 - 1));
//   HEED_TRY(session.execute().status());
//   const xt::xarray<float> y = view<float>(session.outputs()[0]);  // a copy, to keep
#pragma once

#include <algorithm>

#include "base/xtensor.h"
#include "graph/session.h"

namespace heed {

// Evaluates an expression into input `index` (of graph().inputs) of a prepared session. Errors:
// kWrongType when its elements are not of the input's type, kWrongShape when there are not as many
// as the prepared plan reads.
template <class E>
Status set_input(Session& session, int index, const xt::xexpression<E>& expression) {
  const E& values = expression.derived_cast();
  using T = typename E::value_type;
  const Graph& graph = session.graph();
  const DType expected = graph.tensor(graph.inputs[static_cast<size_t>(index)]).dtype;
  if (DTypeOf<T>::value != expected) {
    return error(Code::kWrongType, "input ", index, " is ", dtype_name(expected), ", not ",
                 dtype_name(DTypeOf<T>::value));
  }
  const std::span<std::byte> to = session.input_data(index);
  if (values.size() * sizeof(T) != to.size()) {
    return error(Code::kWrongShape, "input ", index, " has ", uint64_t{to.size() / sizeof(T)},
                 " elements, not ", uint64_t{values.size()});
  }
  std::copy(values.template begin<xt::layout_type::row_major>(),
            values.template end<xt::layout_type::row_major>(), reinterpret_cast<T*>(to.data()));
  return {};
}

// A finished output as an array, without a copy: valid as long as the output. T is the type of its
// dtype.
template <class T>
auto view(const OutputValue& output) {
  return array_view(reinterpret_cast<const T*>(output.data), output.shape);
}

}  // namespace heed
