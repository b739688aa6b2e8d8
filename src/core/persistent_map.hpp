#pragma once
// An ordered map whose copies share what they have in common: to copy one costs nothing, to change one entry of a copy
// costs the nodes on the way to it. So a core can hand its readers a picture of what it knows after each batch, which
// never changes, at a cost in proportion to what has changed.
//
//   before:      d            after set(e):   d'          a reader that holds `before` goes on seeing it;
//              /   \                        /   \         b, a and c are in both
//             b     f                      b     f'
//            / \                          / \   /
//           a   c                        a   c e
//
// It is an AVL tree, so its shape depends on the order of changes alone, never on addresses or chance. A map may be
// read on several threads, as long as nobody assigns to that object meanwhile; each thread may have a copy of its own.

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>

namespace windlass::core {

template <class Key, class Value>
class PersistentMap {
 public:
  using key_type = Key;
  using mapped_type = Value;
  using value_type = std::pair<const Key, Value>;

 private:
  struct Node;
  using Link = std::shared_ptr<const Node>;
  using Entry = std::shared_ptr<const value_type>;
  struct Node {
    Entry entry;  // apart from the node, so that a new path copies no values
    Link left;
    Link right;
    int height = 1;
  };
  // The height of a tree with as many entries as a size_t can count is less than 1.45 * 64.
  static constexpr std::size_t height_max = 93;

 public:
  // Goes through the entries in the order of their keys. Valid as long as the map that it came from, or a copy of it.
  class const_iterator {  // NOLINT(readability-identifier-naming): containers call it so
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = PersistentMap::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    reference operator*() const { return *path_[depth_ - 1]->entry; }
    pointer operator->() const { return path_[depth_ - 1]->entry.get(); }
    const_iterator& operator++() {
      const Node* node = path_[--depth_];
      descend(node->right.get());
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const const_iterator& left, const const_iterator& right) {
      if (left.depth_ == 0 || right.depth_ == 0) return left.depth_ == right.depth_;
      return left.path_[left.depth_ - 1] == right.path_[right.depth_ - 1];
    }

   private:
    friend class PersistentMap;
    void push(const Node* node) { path_[depth_++] = node; }
    void descend(const Node* node) {
      for (; node != nullptr; node = node->left.get()) push(node);
    }
    // The node itself, above it those whose left part it lies in: what comes after it.
    std::array<const Node*, height_max> path_;
    std::size_t depth_ = 0;
  };
  using iterator = const_iterator;

  [[nodiscard]] bool empty() const { return root_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const_iterator begin() const {
    const_iterator at;
    at.descend(root_.get());
    return at;
  }
  [[nodiscard]] const_iterator end() const { return {}; }
  // The first entry whose key is not less.
  [[nodiscard]] const_iterator lower_bound(const Key& key) const {
    const_iterator at;
    for (const Node* node = root_.get(); node != nullptr;) {
      const bool is_less = node->entry->first < key;
      if (!is_less) at.push(node);
      node = is_less ? node->right.get() : node->left.get();
    }
    return at;
  }
  [[nodiscard]] const_iterator find(const Key& key) const {
    const const_iterator at = lower_bound(key);
    return at == end() || key < at->first ? end() : at;
  }
  // nullptr when there is none.
  [[nodiscard]] const Value* get(const Key& key) const {
    const Node* node = root_.get();
    while (node != nullptr) {
      if (key < node->entry->first) {
        node = node->left.get();
      } else if (node->entry->first < key) {
        node = node->right.get();
      } else {
        return &node->entry->second;
      }
    }
    return nullptr;
  }
  [[nodiscard]] bool contains(const Key& key) const { return get(key) != nullptr; }
  // REQUIRES: contains(key), else std::out_of_range is thrown, as by std::map.
  [[nodiscard]] const Value& at(const Key& key) const {
    const Value* value = get(key);
    if (value == nullptr) throw std::out_of_range{"PersistentMap::at"};
    return *value;
  }

  // Adds the entry, or replaces the one with that key.
  void set(Key key, Value value) {
    bool is_new = true;
    auto entry = std::make_shared<const value_type>(std::move(key), std::move(value));
    root_ = with(root_, std::move(entry), is_new);
    if (is_new) ++size_;
  }
  // How many were there: 0 or 1.
  std::size_t erase(const Key& key) {
    if (!contains(key)) return 0;
    root_ = without(root_, key);
    --size_;
    return 1;
  }
  void clear() { *this = {}; }

  // Of entries (pairs) in the ascending order of their keys, none twice: in one go, and so faster than one by one.
  template <class Iterator>
  static PersistentMap from_sorted(Iterator first, Iterator last) {
    PersistentMap map;
    map.size_ = static_cast<std::size_t>(std::distance(first, last));
    map.root_ = built(first, map.size_);
    return map;
  }

  // Share all that they have: true costs nothing to find out. False says nothing.
  [[nodiscard]] bool is_same(const PersistentMap& other) const { return root_ == other.root_; }
  friend bool operator==(const PersistentMap& left, const PersistentMap& right) {
    return left.is_same(right) || (left.size_ == right.size_ && std::equal(left.begin(), left.end(), right.begin()));
  }

 private:
  static int height(const Link& node) { return node == nullptr ? 0 : node->height; }

  static Link joined(Entry entry, Link left, Link right) {
    const int tall = std::max(height(left), height(right)) + 1;
    return std::make_shared<const Node>(Node{std::move(entry), std::move(left), std::move(right), tall});
  }
  // Likewise, for sides that differ by two levels at most.
  static Link balanced(Entry entry, Link left, Link right) {
    if (height(left) > height(right) + 1) {
      if (height(left->left) >= height(left->right)) {
        Link lower = joined(std::move(entry), left->right, std::move(right));
        return joined(left->entry, left->left, std::move(lower));
      }
      const Link middle = left->right;
      Link less = joined(left->entry, left->left, middle->left);
      return joined(middle->entry, std::move(less), joined(std::move(entry), middle->right, std::move(right)));
    }
    if (height(right) > height(left) + 1) {
      if (height(right->right) >= height(right->left)) {
        Link lower = joined(std::move(entry), std::move(left), right->left);
        return joined(right->entry, std::move(lower), right->right);
      }
      const Link middle = right->left;
      Link less = joined(std::move(entry), std::move(left), middle->left);
      return joined(middle->entry, std::move(less), joined(right->entry, middle->right, right->right));
    }
    return joined(std::move(entry), std::move(left), std::move(right));
  }

  static Link with(const Link& node, Entry entry, bool& is_new) {
    if (node == nullptr) return joined(std::move(entry), nullptr, nullptr);
    if (entry->first < node->entry->first) {
      Link left = with(node->left, std::move(entry), is_new);
      return balanced(node->entry, std::move(left), node->right);
    }
    if (node->entry->first < entry->first) {
      Link right = with(node->right, std::move(entry), is_new);
      return balanced(node->entry, node->left, std::move(right));
    }
    is_new = false;
    return joined(std::move(entry), node->left, node->right);
  }

  static const Link& first_of(const Link& node) { return node->left == nullptr ? node : first_of(node->left); }
  static Link without_first(const Link& node) {
    if (node->left == nullptr) return node->right;
    return balanced(node->entry, without_first(node->left), node->right);
  }
  // REQUIRES: the key is there.
  static Link without(const Link& node, const Key& key) {
    if (key < node->entry->first) return balanced(node->entry, without(node->left, key), node->right);
    if (node->entry->first < key) return balanced(node->entry, node->left, without(node->right, key));
    if (node->left == nullptr) return node->right;
    if (node->right == nullptr) return node->left;
    return balanced(first_of(node->right)->entry, node->left, without_first(node->right));
  }

  template <class Iterator>
  static Link built(Iterator& next, std::size_t count) {
    if (count == 0) return nullptr;
    Link left = built(next, count / 2);
    auto entry = std::make_shared<const value_type>(next->first, next->second);
    ++next;
    return joined(std::move(entry), std::move(left), built(next, count - count / 2 - 1));
  }

  Link root_;
  std::size_t size_ = 0;
};

}  // namespace windlass::core
