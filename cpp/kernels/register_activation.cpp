#include "kernels/register_activation.h"

namespace heed::kernels {

bool to_register_activation(const Activation& activation, RegisterActivation& form) {
  RegisterActivation result;
  switch (activation.kind) {
    case ActivationKind::kNone:
      break;
    case ActivationKind::kRelu:
      result.low = 0;
      break;
    case ActivationKind::kClip:
      result.low = activation.alpha;
      result.high = activation.beta;
      break;
    case ActivationKind::kHardSigmoid:
    case ActivationKind::kHardSwish:
      result.bounds_only = false;
      result.gated = activation.kind == ActivationKind::kHardSwish;
      result.slope = result.gated ? 1.0f / 6 : activation.alpha;
      result.offset = result.gated ? 0.5f : activation.beta;
      result.low = 0;
      result.high = 1;
      break;
    default:
      return false;
  }
  result.scale = activation.scale;
  result.shift = activation.shift;
  if (result.scale != 1 || result.shift != 0) result.bounds_only = false;
  form = result;
  return true;
}

}  // namespace heed::kernels
