#include "formats/varint.h"

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/varint.hpp>

namespace heed {

// The one place where protozero can throw, so that all other readers are compiled without
// exceptions. It allocates nothing: whatever is caught is protozero's.
bool read_varint(const char*& position, const char* end, uint64_t& value) {
  try {
    value = protozero::decode_varint(&position, end);
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace heed
