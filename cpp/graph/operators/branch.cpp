// If: the plan replaces the node by the branch that is taken as soon as the condition is known, so
// it is never inferred or lowered itself, but where it stands alone (constant folding leaves it
// out).
#include "graph/inference.h"
#include "graph/lowering.h"

namespace heed {

void infer_branch(Inference& node) { node.fail(Code::kInternal, "a branch was not decided"); }
void lower_branch(Lowering& node) { node.fail(Code::kInternal, "a branch was not decided"); }

}  // namespace heed
