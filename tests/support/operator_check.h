// Running one operator in both layouts and comparing with what a test expects.
#pragma once

#include <functional>
#include <string_view>

#include "support/run_graph.h"

namespace heed::test {

struct OperatorCall {
  std::string_view op;
  std::vector<HostTensor> inputs;  // one without a name of shape {0} and no data is left out
  std::vector<GraphBuilder::Attribute> attributes = {};
  int opset = 22;
  std::string_view domain = "";
  size_t outputs = 1;
  bool constants = false;  // all inputs but the first are weights
};

// The outputs; graph inputs of rank >= 3 are channels-last in memory when asked for.
Result<std::vector<HostTensor>> outputs_of(const OperatorCall& call, bool channels_last);

// Empty when the outputs are the expected ones in both layouts; else a sentence that says where
// not.
std::string difference(const OperatorCall& call, const std::vector<HostTensor>& expected,
                       Tolerance tolerance = {});

// An input that is left out.
HostTensor left_out();

// Repeatable floats of that shape.
HostTensor random_tensor(const Shape& shape, uint32_t seed, float low = -1, float high = 1);

// The tensor of a function of the index.
HostTensor tensor_of(const Shape& shape, const std::function<double(const Extent*)>& value);

// The element at `index`, which may belong to a shape that this tensor broadcasts to, of `rank`
// axes.
double at(const HostTensor& tensor, const Extent* index, int rank);

}  // namespace heed::test
