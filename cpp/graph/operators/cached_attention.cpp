// CachedAttention(q, k, v) -> y, map: attention whose keys and values stay with the session.
//   q (B, L, heads * d), k (B, L, kv_heads * d), v (B, L, kv_heads * dv); y (B, L, heads * dv)
// With T rows kept from earlier runs, q and k are turned by rotary embedding for the positions T ..
// T + L - 1 (unless `rotary` is "none"), k and v are kept, and query i sees the keys 0 .. T + i.
// map (B, heads, L, T + L).
#include <cmath>

#include "graph/operator.h"
#include "kernels/attention.h"
#include "kernels/rotary.h"
#include "kernels/scalar_math.h"

namespace heed {

namespace {

enum Rotary { kNone, kHalf, kInterleaved };

// Extents from shapes and attributes, for a full cache: `keys` is its capacity.
bool read_cached(NodeReader& node, kernels::Attention& attention) {
  const Shape &q = node.shape(0), &k = node.shape(1), &v = node.shape(2);
  const int64_t heads = node.integer("heads", 1), kv_heads = node.integer("kv_heads", heads);
  const int64_t capacity = node.integer("capacity", 0);
  const bool ranks = q.rank() == 3 && k.rank() == 3 && v.rank() == 3 && heads > 0 && kv_heads > 0;
  if (!ranks || heads % kv_heads != 0 || q[2] % heads != 0 || k[2] % kv_heads != 0 ||
      v[2] % kv_heads != 0 || q[2] / heads != k[2] / kv_heads || k[0] != q[0] || v[0] != q[0] ||
      k[1] != q[1] || v[1] != q[1]) {
    node.fail(Code::kWrongShape, "% heads of queries % with % heads of keys % and values %", heads,
              q, kv_heads, k, v);
    return false;
  }
  if (capacity < 1 || capacity > kMostElements / k[2] || q[1] > capacity) {
    node.fail(Code::kWrongShape, "% tokens do not fit a cache of %", q[1], capacity);
    return false;
  }
  attention.batch = q[0];
  attention.heads = static_cast<Extent>(heads);
  attention.kv_heads = static_cast<Extent>(kv_heads);
  attention.queries = q[1];
  attention.keys = static_cast<Extent>(capacity);
  attention.width = q[2] / attention.heads;
  attention.value_width = v[2] / attention.kv_heads;
  attention.scale = node.real("scale", 1 / std::sqrt(static_cast<float>(attention.width)));
  attention.causal = true;
  if (kernels::attention_scratch(attention) > INT32_MAX / 4) {
    node.fail(Code::kOutOfMemory, "attention of % keys", capacity);
  }
  if (node.choice("rotary", "none|half|interleaved") != kNone && attention.width % 2 != 0) {
    node.fail(Code::kWrongShape, "rotary embedding of heads of the odd width %", attention.width);
  }
  return node.ok();
}

Shape map_shape(const kernels::Attention& attention) {
  return {attention.batch, attention.heads, attention.queries, attention.keys};
}

// (B, L, heads * width) as heads, and the cache of that (B, heads, capacity, width).
kernels::AttentionSteps token_steps(Extent rows, Extent heads, Extent width) {
  return {rows * heads * width, width, heads * width, 1};
}
kernels::AttentionSteps cache_steps(Extent capacity, Extent heads, Extent width) {
  return {heads * capacity * width, capacity * width, width, 1};
}

// Rows from one place to another, turned for the positions from `first` on; copied without tables.
struct Turn {
  kernels::RotaryEmbedding shape;  // of one sequence
  Extent batch = 0;

  void run(float* y, const float* x, const float* cosines, const float* sines, Extent first) const {
    const Extent at = first * (shape.rotated / 2);
    for (Extent b = 0; b < batch; ++b) {
      kernels::rotary_embedding(shape, y + b * shape.y.batch, x + b * shape.x.batch, cosines + at,
                                sines + at, nullptr);
    }
  }
};

}  // namespace

void infer_cached_attention(Inference& node) {
  node.expect_floats(3);
  kernels::Attention attention;
  if (!read_cached(node, attention)) return;
  Dims y(node.shape(0));
  y.extents[2] = int64_t{attention.heads} * attention.value_width;
  node.set(0, DType::kF32, y);
  node.set(1, DType::kF32, Dims(map_shape(attention)));
}

void lower_cached_attention(Lowering& node) {
  kernels::Attention attention;
  read_cached(node, attention);
  const Extent batch = attention.batch, rows = attention.queries, capacity = attention.keys;
  const Extent heads = attention.heads, kv_heads = attention.kv_heads;
  const Extent width = attention.width, value_width = attention.value_width;
  const auto memory = [&](const char* what, Extent one) {
    return node.cache_memory(join(node.node().name, what, batch),
                             int64_t{batch} * kv_heads * capacity * one);
  };
  const Buffer keys = memory("/keys/", width), values = memory("/values/", value_width);
  const Buffer length = node.cache_length();
  node.extend_cache(rows, batch, capacity);
  node.ends_with_cache(1);

  // Without rotary embedding nothing is turned.
  const int rotary = node.choice("rotary", "none|half|interleaved");
  const Extent half = rotary == kNone ? 0 : width / 2;
  const float base = node.real("base", 10000);
  const auto angles = [&](double (*function)(double)) {
    return node.table(static_cast<size_t>(capacity) * half * sizeof(float) + 16,
                      [=](std::byte* bytes) {
                        auto* to = reinterpret_cast<float*>(bytes);
                        for (Extent i = 0; i < capacity * half; ++i) {
                          const double step = kernels::power(base, -2.0 * (i % half) / width);
                          *to++ = static_cast<float>(function(i / half * step));
                        }
                      });
  };
  const Buffer cosines = angles(kernels::cosine), sines = angles(kernels::sine);
  Turn turn_q, turn_k, turn_v;
  turn_q.batch = turn_k.batch = turn_v.batch = batch;
  turn_q.shape = {1,
                  heads,
                  rows,
                  width,
                  2 * half,
                  rotary == kInterleaved,
                  rows,
                  token_steps(rows, heads, width),
                  token_steps(rows, heads, width)};
  turn_k.shape = turn_q.shape;
  turn_k.shape.heads = kv_heads;
  turn_k.shape.x = token_steps(rows, kv_heads, width);
  turn_k.shape.y = cache_steps(capacity, kv_heads, width);
  turn_v.shape = {1,
                  kv_heads,
                  rows,
                  value_width,
                  0,
                  false,
                  rows,
                  token_steps(rows, kv_heads, value_width),
                  cache_steps(capacity, kv_heads, value_width)};
  const Buffer q = node.input_buffer(0);
  const Buffer turned = half > 0 ? node.scratch(node.shape(0).count()) : q;
  node.run([=, k = node.input_buffer(1), v = node.input_buffer(2)](const Run& run) {
    const Extent first = *run.at<int32_t>(length);
    const float *c = run.at(cosines), *s = run.at(sines);
    if (half > 0) turn_q.run(run.at(turned), run.at(q), c, s, first);
    turn_k.run(run.at(keys) + first * width, run.at(k), c, s, first);
    turn_v.run(run.at(values) + first * value_width, run.at(v), c, s, first);
  });

  attention.q = token_steps(rows, heads, width);
  attention.k = cache_steps(capacity, kv_heads, width);
  attention.v = cache_steps(capacity, kv_heads, value_width);
  attention.y = token_steps(rows, heads, value_width);
  const Buffer scratch = node.scratch(kernels::attention_scratch(attention));
  node.run([=, y = node.output_buffer(0),
            map = node.wants(1) ? node.output_buffer(1) : kNoBuffer](const Run& run) {
    kernels::Attention now = attention;
    now.causal_offset = *run.at<int32_t>(length);
    now.keys = now.causal_offset + rows;
    now.scores = cache_steps(rows, heads, now.keys);
    kernels::attention(now, run.at(turned), run.at(keys), run.at(values), nullptr, run.at(y),
                       run.at(map), run.at(scratch));
  });
}

}  // namespace heed
