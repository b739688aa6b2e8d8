#pragma once
// std::optional with its value on the heap: one pointer while there is none. For large members that few values have,
// of structs that there are a million of.

#include <memory>
#include <utility>

namespace windlass {

template <class T>
class HeapOptional {
 public:
  HeapOptional() = default;
  // Implicit, as std::optional's.
  HeapOptional(T value)  // NOLINT(google-explicit-constructor)
      : value_{std::make_unique<T>(std::move(value))} {}
  HeapOptional(const HeapOptional& other) : value_{other ? std::make_unique<T>(*other) : nullptr} {}
  HeapOptional(HeapOptional&&) noexcept = default;
  HeapOptional& operator=(const HeapOptional& other) {
    if (this != &other) *this = HeapOptional{other};
    return *this;
  }
  HeapOptional& operator=(HeapOptional&&) noexcept = default;
  ~HeapOptional() = default;

  [[nodiscard]] explicit operator bool() const { return value_ != nullptr; }
  // REQUIRES of both: there is a value.
  [[nodiscard]] const T& operator*() const { return *value_; }
  [[nodiscard]] T& operator*() { return *value_; }
  const T* operator->() const { return value_.get(); }
  T* operator->() { return value_.get(); }

  friend bool operator==(const HeapOptional& a, const HeapOptional& b) {
    return a && b ? *a == *b : static_cast<bool>(a) == static_cast<bool>(b);
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace windlass
