// ONNX files to graphs. Reads ModelProto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto)
// with operator sets 7 to 23.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace heed {

inline constexpr int kFirstOpset = 7;
inline constexpr int kLastOpset = 23;

// A file with weights beside the model's ("external data"), under the name by which the model calls
// it.
struct ExternalFile {
  std::string location;
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  // keeps `bytes` alive
};

struct OnnxOptions {
  std::vector<ExternalFile> external_files;
  // The reader may write to `file`: weights that lie across word boundaries are then moved there by
  // up to three bytes (over what said their length) instead of being copied, which saves about
  // three quarters of the weights' size. Afterwards the bytes are no ONNX file any more.
  bool may_modify_file = false;
};

// The graph of an ONNX file, with nodes in an order in which they can run. Weights point into
// `file` (which `owner` keeps alive) where they are aligned, and are copied where not.
//
// - Constant nodes and initializers become constants; an initializer that is also listed as an
// input is no input.
// - float16 and bfloat16 are storage types: weights become float32, inputs and outputs that are
// declared float16 stay it, with
//   a Cast behind the input and in front of the output; a Cast to float16 rounds. A Cast to
//   bfloat16 does not.
// - float64 is computed as float32: constants, inputs and outputs of it are float32.
// - An `If` node's inputs are the condition, what `then_branch` reads of the tensors around it (its
// graph's inputs, in their
//   order), then what `else_branch` reads.
//
// Errors: kInvalidFile (not ONNX, damaged, truncated; says the byte), kUnsupportedOpset,
// kUnsupportedOperator (all of them, with their nodes), kUnsupportedType, kInvalidGraph (dangling
// edges, cycles, names given twice), kMissingExternalData (names the files), kOutOfMemory.
Result<Graph> read_onnx(std::span<const std::byte> file, std::shared_ptr<const void> owner,
                        const OnnxOptions& options = {});

}  // namespace heed
