#include "bindings/engine.h"

#include <algorithm>
#include <cstdlib>

#include "attention/mechanism.h"
#include "base/guarded.h"
#include "bindings/describe.h"
#include "formats/onnx.h"
#include "graph/optimize.h"

namespace heed {

namespace {

std::string text_of(const Status& status) {
  return status.ok() ? std::string() : join(code_name(status.code), "\n", status.message);
}

// The boundary where exceptions end.
std::string guarded(FunctionRef<Status()> body) {
  Status status;
  if (!enough_memory_for([&] { status = body(); }))
    status = error(Code::kOutOfMemory, "there is not enough memory");
  return text_of(status);
}

Status keep_tensor(Graph& graph, std::string_view name) {
  for (size_t id = 0; id < graph.tensors.size(); ++id) {
    if (graph.tensors[id].name != name) continue;
    graph.keep.push_back(static_cast<TensorId>(id));
    return {};
  }
  return error(Code::kUnknownName, "there is no tensor '", name, "' to keep");
}

}  // namespace

uintptr_t Engine::reserve(const std::string& name, uint32_t bytes) {
  auto file = std::find_if(files_.begin(), files_.end(),
                           [&](const File& known) { return known.name == name; });
  if (file == files_.end()) {
    file = files_.insert(files_.end(), {name, FileBytes(nullptr, std::free), 0});
  }
  // A file of no bytes has an address too.
  void* resized = std::realloc(file->bytes.get(), std::max<size_t>(bytes, 1));
  if (!resized) return 0;
  static_cast<void>(file->bytes.release());
  file->bytes.reset(static_cast<std::byte*>(resized));
  file->size = bytes;
  return reinterpret_cast<uintptr_t>(resized);
}

void Engine::keep(const std::string& tensor) { kept_.push_back(tensor); }

Engine::StatusText Engine::load(bool recognize) {
  return guarded([&] { return make_session(recognize); });
}

Status Engine::make_session(bool recognize) {
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
  OptimizeOptions passes;
  if (recognize) passes.recognize = attention::recognize;
  HEED_TRY(optimize(graph.value(), passes));
  auto session = Session::create(std::move(graph.value()));
  if (!session.ok()) return session.status();
  session_ = std::move(session.value());
  return {};
}

std::string Engine::describe() const { return heed::describe(*session_); }

uintptr_t Engine::request(uint32_t words) {
  words_.resize(words);
  return reinterpret_cast<uintptr_t>(words_.data());
}

Result<Request> Engine::read_request() const {
  const int32_t* word = words_.data();
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
  return request;
}

Engine::StatusText Engine::prepare() {
  finished_ = false;
  return guarded([&]() -> Status {
    const Result<Request> request = read_request();
    return request.ok() ? session_->prepare(request.value()) : request.status();
  });
}

uintptr_t Engine::input_address(int index) {
  return reinterpret_cast<uintptr_t>(session_->input_data(index).data());
}

Engine::StatusText Engine::execute(double milliseconds) {
  return guarded([&] {
    const Result<bool> finished = session_->execute(milliseconds);
    finished_ = finished.ok() && finished.value();
    return finished.status();
  });
}

std::string Engine::results() const { return describe_results(*session_); }

}  // namespace heed
