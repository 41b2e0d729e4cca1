// What JavaScript is told about a session, as JSON; web/src/engine/session.ts has the types.
#pragma once

#include <string>

#include "graph/session.h"

namespace heed {

// Inputs, outputs, attention blocks, operators, the tensors that a run can give, memory.
std::string describe(const Session& session);

// The values of the last run with their addresses, and memory.
std::string describe_results(const Session& session);

}  // namespace heed
