#include "bindings/slot.h"

#include <algorithm>
#include <cstdlib>

#include "attention/mechanism.h"
#include "formats/onnx.h"
#include "graph/optimize.h"

namespace heed {

namespace {

Status keep_tensor(Graph& graph, std::string_view name) {
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    if (graph.tensors[id].name != name) continue;
    graph.keep.push_back(static_cast<TensorId>(id));
    return {};
  }
  return error(Code::kUnknownName, "there is no tensor '", name, "' to keep");
}

}  // namespace

std::byte* Slot::reserve(std::string_view name, size_t bytes) {
  auto file = std::find_if(files_.begin(), files_.end(),
                           [&](const File& known) { return known.name == name; });
  if (file == files_.end()) {
    file = files_.insert(files_.end(), {std::string(name), FileBytes(nullptr, std::free), 0});
  }
  // A file of no bytes has an address too.
  void* resized = std::realloc(file->bytes.get(), std::max<size_t>(bytes, 1));
  if (!resized) return nullptr;
  static_cast<void>(file->bytes.release());
  file->bytes.reset(static_cast<std::byte*>(resized));
  file->size = bytes;
  return file->bytes.get();
}

void Slot::keep(std::string_view tensor) { kept_.emplace_back(tensor); }

Status Slot::load(bool recognize) {
  OnnxOptions options;
  options.may_modify_file = true;
  std::span<const std::byte> model;
  std::shared_ptr<const void> owner;
  for (File& file : files_) {
    const std::span<const std::byte> bytes(file.bytes.get(), file.size);
    std::shared_ptr<const void> shared(std::move(file.bytes));
    if (file.name.empty()) {
      model = bytes;
      owner = std::move(shared);
    } else {
      options.external_files.push_back({file.name, bytes, std::move(shared)});
    }
  }
  files_.clear();
  Result<Graph> graph = read_onnx(model, std::move(owner), options);
  if (!graph.ok()) return graph.status();
  for (const std::string& name : kept_) HEED_TRY(keep_tensor(graph.value(), name));
  return make_session(std::move(graph.value()), recognize);
}

Status Slot::make_session(Graph graph, bool recognize) {
  OptimizeOptions passes;
  if (recognize) passes.recognize = attention::recognize;
  HEED_TRY(optimize(graph, passes));
  auto session = Session::create(std::move(graph));
  if (!session.ok()) return session.status();
  session_ = std::move(session.value());
  return {};
}

Status Slot::prepare(std::span<const int32_t> words) {
  const int32_t* word = words.data();
  Request request;
  for (TensorId input : session_->graph().inputs) {
    const int32_t rank = *word++;
    const std::vector<int64_t> dims(word, word + rank);
    word += rank;
    Result<Shape> shape = Shape::make(dims);
    if (!shape.ok()) {
      const Status& status = shape.status();
      return error(status.code, "input '", session_->graph().tensor(input).name,
                   "': ", status.message);
    }
    request.inputs.push_back(shape.value());
  }
  const int32_t outputs = *word++;
  request.outputs.assign(word, word + outputs);
  return session_->prepare(request);
}

}  // namespace heed
