#include "formats/file_kind.h"

#include <algorithm>
#include <cstddef>

namespace heed {

namespace {

struct Signature {
  size_t offset;
  std::string_view bytes;
  std::string_view sentence;
};

using namespace std::string_view_literals;

constexpr Signature kSignatures[] = {
    {0, "version https://git-lfs"sv,
     "it is a Git LFS pointer, not the file that it points to: run git lfs pull, or download the "
     "raw file"},
    {0, "\x89PNG"sv, "it is a PNG image"},
    {0, "\xff\xd8\xff"sv, "it is a JPEG image"},
    {0, "PK\x03\x04"sv,
     "it is a zip archive: a PyTorch checkpoint or an archive with the model in it?"},
    {0, "\x1f\x8b"sv, "it is gzip-compressed: unpack it first"},
    {0, "\x80\x02"sv, "it starts like a Python pickle: export the network with torch.onnx.export"},
    {0, "GGUF"sv, "it is a GGUF file"},
    {0, "%PDF"sv, "it is a PDF file"},
    {0, "\x89HDF"sv, "it is an HDF5 file (Keras): convert it with tf2onnx"},
    {4, "TFL3"sv, "it is a TensorFlow Lite file: convert it with tf2onnx"},
    {4, "ORTM"sv,
     "it is in ONNX Runtime's own format (.ort): use the .onnx file that it was made from"},
    {8, "{\""sv, "it starts like a safetensors file, which has weights but no network"},
};

}  // namespace

std::string_view describe_foreign_file(std::span<const std::byte> file) {
  if (file.empty()) return "it is empty";
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  for (const Signature& signature : kSignatures) {
    if (text.size() > signature.offset &&
        text.substr(signature.offset, signature.bytes.size()) == signature.bytes) {
      return signature.sentence;
    }
  }
  const size_t first = text.find_first_not_of("\xef\xbb\xbf \t\r\n");
  if (first == text.npos) return "it is blank";
  if (text[first] == '<') return "it starts like an HTML page: was the address right?";
  if (text[first] == '{' || text[first] == '[')
    return "it starts like JSON: was the address right?";
  if (std::all_of(
          text.begin(), text.begin() + static_cast<ptrdiff_t>(std::min<size_t>(text.size(), 64)),
          [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; })) {
    return "it is text: was the address right?";
  }
  return {};
}

}  // namespace heed
