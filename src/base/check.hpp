#pragma once
// CHECK(condition): a bug ends the process at once, in every build, with the place and the condition on stderr.

namespace windlass {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace windlass

#define CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::windlass::check_failed(#condition, __FILE__, __LINE__))
