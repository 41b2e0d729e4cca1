// Repeatable numbers from a name and an index: the counter hash of
// tests/fixtures/attention/README.md, which Python and TypeScript have too.
#pragma once

#include <cstdint>
#include <string_view>

namespace heed {

// FNV-1a of the name's UTF-8 bytes.
constexpr uint32_t counter_hash_key(std::string_view name, uint32_t key = 0x811C9DC5u) {
  for (char c : name) key = (key ^ static_cast<uint8_t>(c)) * 0x01000193u;
  return key;
}

// Element `index` of the sequence: in [-1, 1), exact in float32.
constexpr float counter_hash_unit(uint32_t key, uint32_t index) {
  uint32_t x = index * 0x9E3779B9u + key;
  x ^= x >> 16;
  x *= 0x7FEB352Du;
  x ^= x >> 15;
  x *= 0x846CA68Bu;
  x ^= x >> 16;
  return static_cast<float>(static_cast<int32_t>(x >> 8) - (1 << 23)) * (1.0f / (1 << 23));
}

}  // namespace heed
