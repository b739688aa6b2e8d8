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
// Nodes that no copy shares are changed where they are: to change many entries between two copies costs little more
// than to change them in a std::map.
//
// It is an AVL tree, so its shape depends on the order of changes alone, never on addresses or chance. A map may be
// read on several threads, as long as nobody assigns to that object meanwhile; each thread may have a copy of its own.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace windlass::core {

template <class Key, class Value>
class PersistentMap {
 public:
  using key_type = Key;
  using mapped_type = Value;
  using value_type = std::pair<const Key, Value>;

 private:
  // A small entry lies in its node. Others lie apart from it, so that a new path copies none of them.
  static constexpr bool is_small = std::is_trivially_copyable_v<Key> && sizeof(value_type) <= 4 * sizeof(void*);
  using Entry = std::conditional_t<is_small, value_type, std::shared_ptr<const value_type>>;

  struct Node;
  // Shares a node, which counts its sharers itself: a std::shared_ptr is twice as large, and so is its counter.
  class Link {
   public:
    Link() = default;
    // Of a new node.
    explicit Link(Node* node) noexcept : node_{node} {}
    Link(const Link& other) noexcept : node_{other.node_} {
      if (node_ != nullptr) node_->sharers.fetch_add(1, std::memory_order_relaxed);
    }
    Link(Link&& other) noexcept : node_{std::exchange(other.node_, nullptr)} {}
    Link& operator=(Link other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Link() {
      if (node_ == nullptr) return;
      if (is_alone() || node_->sharers.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node_;
    }

    [[nodiscard]] const Node* get() const { return node_; }
    const Node* operator->() const { return node_; }
    // The node, to be changed: a copy of it if somebody else has it too. REQUIRES: there is one, and nothing that
    // others share contains this link.
    Node& own() {
      if (!is_alone()) *this = Link{new Node{*node_}};
      return *node_;
    }

   private:
    // Nobody else has the node, and whoever had it, on whatever thread, is done with it.
    [[nodiscard]] bool is_alone() const { return node_->sharers.load(std::memory_order_acquire) == 1; }

    Node* node_ = nullptr;
  };
  struct Node {
    explicit Node(Entry made) : entry{std::move(made)} {}
    Node(const Node& other) : height{other.height}, left{other.left}, right{other.right}, entry{other.entry} {}

    std::atomic<std::uint32_t> sharers = 1;
    std::int32_t height = 1;
    Link left;
    Link right;
    Entry entry;
  };
  // The height of a tree with as many entries as a size_t can count is less than 1.45 * 64.
  static constexpr std::size_t height_max = 93;

  static const value_type& entry_of(const Node& node) {
    if constexpr (is_small) {
      return node.entry;
    } else {
      return *node.entry;
    }
  }
  static const Key& key_of(const Node& node) { return entry_of(node).first; }

 public:
  // Goes through the entries in the order of their keys. Valid until the map that it came from changes or ends; longer,
  // if there is a copy of that map as it was.
  class const_iterator {  // NOLINT(readability-identifier-naming): containers call it so
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = PersistentMap::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    reference operator*() const { return entry_of(*path_[depth_ - 1]); }
    pointer operator->() const { return &entry_of(*path_[depth_ - 1]); }
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
    // The node itself comes last, before it those in whose left part it lies: what is still to come.
    std::array<const Node*, height_max> path_;
    std::size_t depth_ = 0;
  };
  using iterator = const_iterator;

  [[nodiscard]] bool empty() const { return root_.get() == nullptr; }
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
      const bool is_less = key_of(*node) < key;
      if (!is_less) at.push(node);
      node = is_less ? node->right.get() : node->left.get();
    }
    return at;
  }
  [[nodiscard]] const_iterator find(const Key& key) const {
    const const_iterator at = lower_bound(key);
    return at == end() || key < at->first ? end() : at;
  }
  // nullptr when there is none. Valid as an iterator is.
  [[nodiscard]] const Value* get(const Key& key) const {
    const Node* node = root_.get();
    while (node != nullptr) {
      if (key < key_of(*node)) {
        node = node->left.get();
      } else if (key_of(*node) < key) {
        node = node->right.get();
      } else {
        return &entry_of(*node).second;
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
    if (put(root_, key, value)) ++size_;
  }
  // How many were there: 0 or 1.
  std::size_t erase(const Key& key) {
    if (!contains(key)) return 0;
    remove(root_, key);
    --size_;
    return 1;
  }
  void clear() { *this = {}; }

  // Of entries (pairs) in the ascending order of their keys, none twice: in one go, and so faster than one by one. With
  // std::move_iterator they are moved.
  template <class Iterator>
  static PersistentMap from_sorted(Iterator first, Iterator last) {
    PersistentMap map;
    map.size_ = static_cast<std::size_t>(std::distance(first, last));
    map.root_ = built(first, map.size_);
    return map;
  }

  // Whether they share all that they have. True is found at no cost; false does not mean that they differ.
  [[nodiscard]] bool is_same(const PersistentMap& other) const { return root_.get() == other.root_.get(); }
  friend bool operator==(const PersistentMap& left, const PersistentMap& right) {
    return left.is_same(right) || (left.size_ == right.size_ && std::equal(left.begin(), left.end(), right.begin()));
  }

 private:
  template <class K, class V>
  static Entry make_entry(K&& key, V&& value) {
    if constexpr (is_small) {
      return {std::forward<K>(key), std::forward<V>(value)};
    } else {
      return std::make_shared<const value_type>(std::forward<K>(key), std::forward<V>(value));
    }
  }

  static std::int32_t height(const Link& link) { return link.get() == nullptr ? 0 : link->height; }
  static void set_height(Node& node) { node.height = std::max(height(node.left), height(node.right)) + 1; }

  // The left node goes up, and this one becomes its right one; and the other way round.
  static void turn_right(Link& link) {
    Node& node = link.own();
    Link up = std::move(node.left);
    node.left = std::move(up.own().right);
    set_height(node);
    up.own().right = std::move(link);
    link = std::move(up);
    set_height(link.own());
  }
  static void turn_left(Link& link) {
    Node& node = link.own();
    Link up = std::move(node.right);
    node.right = std::move(up.own().left);
    set_height(node);
    up.own().left = std::move(link);
    link = std::move(up);
    set_height(link.own());
  }
  // After a change below. REQUIRES: the sides differ by two levels at most.
  static void balance(Link& link) {
    Node& node = link.own();
    if (height(node.left) > height(node.right) + 1) {
      if (height(node.left->left) < height(node.left->right)) turn_left(node.left);
      turn_right(link);
    } else if (height(node.right) > height(node.left) + 1) {
      if (height(node.right->right) < height(node.right->left)) turn_right(node.right);
      turn_left(link);
    } else {
      set_height(node);
    }
  }

  // Whether it is new.
  static bool put(Link& link, Key& key, Value& value) {
    if (link.get() == nullptr) {
      link = Link{new Node{make_entry(std::move(key), std::move(value))}};
      return true;
    }
    Node& node = link.own();
    const bool is_less = key < key_of(node);
    if (!is_less && !(key_of(node) < key)) {
      if constexpr (is_small) {
        node.entry.second = std::move(value);
      } else {
        node.entry = make_entry(std::move(key), std::move(value));
      }
      return false;
    }
    const bool is_new = put(is_less ? node.left : node.right, key, value);
    if (is_new) balance(link);
    return is_new;
  }

  // Takes the node of the least key out of what is below. The caller has the only link to it.
  static Link take_first(Link& link) {
    Node& node = link.own();
    if (node.left.get() == nullptr) {
      Link first = std::move(link);
      link = std::move(node.right);
      return first;
    }
    Link first = take_first(node.left);
    balance(link);
    return first;
  }
  // REQUIRES: the key is there.
  static void remove(Link& link, const Key& key) {
    Node& node = link.own();
    if (key < key_of(node)) {
      remove(node.left, key);
    } else if (key_of(node) < key) {
      remove(node.right, key);
    } else if (node.left.get() == nullptr || node.right.get() == nullptr) {
      Link rest = std::move(node.left.get() == nullptr ? node.right : node.left);
      link = std::move(rest);
      return;
    } else {
      Link next = take_first(node.right);
      next.own().left = std::move(node.left);
      next.own().right = std::move(node.right);
      link = std::move(next);
    }
    balance(link);
  }

  template <class Iterator>
  static Link built(Iterator& next, std::size_t count) {
    if (count == 0) return {};
    Link left = built(next, count / 2);
    auto&& pair = *next;
    Link link{
        new Node{make_entry(std::forward<decltype(pair)>(pair).first, std::forward<decltype(pair)>(pair).second)}};
    ++next;
    link.own().left = std::move(left);
    link.own().right = built(next, count - count / 2 - 1);
    set_height(link.own());
    return link;
  }

  Link root_;
  std::size_t size_ = 0;
};

}  // namespace windlass::core
