// The element-wise step that a producer applies to its result before storing it.
#pragma once

#include <cstdint>

namespace heed::kernels {

// f(v), with parameters alpha and beta where the formula names them.
enum class ActivationKind : uint8_t {
  kNone,         // v
  kRelu,         // max(v, 0)
  kClip,         // min(max(v, alpha), beta)
  kLeakyRelu,    // v < 0 ? alpha * v : v
  kSigmoid,      // 1 / (1 + exp(-v))
  kHardSigmoid,  // min(max(alpha * v + beta, 0), 1)
  kHardSwish,    // v * min(max(v / 6 + 1/2, 0), 1)
  kSilu,         // v * sigmoid(v)
  kTanh,
  kGelu,      // v/2 * (1 + erf(v / sqrt(2)))
  kGeluTanh,  // v/2 * (1 + tanh(sqrt(2/pi) * (v + 0.044715 v^3)))
  kElu,       // v < 0 ? alpha * (exp(v) - 1) : v
  kSoftplus,  // log(1 + exp(v))
  kMish,      // v * tanh(softplus(v))
};

// v -> scale * f(v) + shift. (PP-OCR's backbones have a learned scalar affine map after each
// activation.)
struct Activation {
  ActivationKind kind = ActivationKind::kNone;
  float alpha = 0;
  float beta = 0;
  float scale = 1;
  float shift = 0;

  bool identity() const { return kind == ActivationKind::kNone && scale == 1 && shift == 0; }
};

}  // namespace heed::kernels
