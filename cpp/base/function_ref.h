// A reference to a callable, for arguments that are called before the function returns: two words,
// no allocation.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace heed {

template <class Signature>
class FunctionRef;

template <class R, class... Arguments>
class FunctionRef<R(Arguments...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(F&& body)
      : body_(const_cast<void*>(static_cast<const void*>(std::addressof(body)))),
        call_([](void* f, Arguments... arguments) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(f))(
              std::forward<Arguments>(arguments)...);
        }) {}

  R operator()(Arguments... arguments) const {
    return call_(body_, std::forward<Arguments>(arguments)...);
  }

 private:
  void* body_;
  R (*call_)(void*, Arguments...);
};

}  // namespace heed
