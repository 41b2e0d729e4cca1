// What the tests of attention over sequences share: inputs that are not floats, and the layers that
// the properties of all are checked on.
#pragma once

#include <catch2/catch.hpp>

#include "support/run_layer.h"

namespace heed::test {

HostTensor bools(std::string name, const Shape& shape, std::initializer_list<int> values);
HostTensor lengths_of(std::initializer_list<int64_t> values);

// The results; the test ends where there are none. `weights` empty: a new layer.
LayerResults must_run(const attention::Layer& layer, const std::vector<HostTensor>& weights,
                      const std::vector<HostTensor>& inputs, bool channels_last = false);
// The message of a layer with these weights, or a new one.
std::string error_of(const attention::Layer& layer, const std::vector<HostTensor>& weights,
                     const std::vector<HostTensor>& inputs);
void check_values(const HostTensor& actual, const Shape& shape, std::vector<float> values);

// A new layer and inputs that it takes, of a batch of two unless `batch` is false.
struct SequenceCase {
  attention::Layer layer;
  std::vector<HostTensor> inputs;
  int batch_axis = 0;
};
std::ostream& operator<<(std::ostream& out, const SequenceCase& c);
std::vector<SequenceCase> self_attention_cases();
std::vector<SequenceCase> temporal_cases();

// Each builds a new layer, which runs in both layouts with the same results; every row of its map
// sums to 1, or to 0 where nothing is seen.
void check_runs(const SequenceCase& c);
// With the sequences of the batch in another order, the results are in that order.
void check_batch_order(const SequenceCase& c);
// A NaN in the second sequence is seen there, and not in the first.
void check_nan(const SequenceCase& c);

}  // namespace heed::test
