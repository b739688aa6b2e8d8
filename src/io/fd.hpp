#pragma once
// A file descriptor of ours, closed with its scope.

#include <unistd.h>

#include <utility>

namespace windlass {

struct Fd {
  int value = -1;  // -1: none

  Fd() = default;
  explicit Fd(int fd) : value{fd} {}
  Fd(Fd&& other) noexcept : value{std::exchange(other.value, -1)} {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd& operator=(Fd&& other) noexcept {
    std::swap(value, other.value);
    return *this;
  }
  ~Fd() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace windlass
