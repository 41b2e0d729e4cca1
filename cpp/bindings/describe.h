// What JavaScript is told about a session; web/src/engine/session.ts has the types.
#pragma once

#include <string>
#include <vector>

#include "graph/session.h"

namespace heed {

// As JSON: inputs, outputs, attention blocks, operators, the tensors that a run can give, memory.
std::string describe(const Session& session);

// Adds a few words, since this is done in every run: how many values the last run gave; for each of
// them its type, address, bytes, rank and extents; the bytes of weights and of the arena, and the
// number of plans.
void describe_results(const Session& session, std::vector<int32_t>& words);

}  // namespace heed
