/// JsonTree: a JSON document (RFC 8259) as it is read once, from its beginning to its end.
///
/// nlohmann's parser finds what stands there; the values lie one behind the other in one piece of memory, and
/// so do their texts, so that a document costs a few allocations whatever it holds. A number that is no
/// integer of 64 bits is a fraction, without its value. Thread-safety: a plain value. Failure: text that is
/// not JSON, or not UTF-8, makes a tree whose root is nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace defender::store {

enum class JsonKind : std::uint8_t {
    nothing,
    null,
    boolean,
    negative,
    natural,
    fraction,
    text,
    array,
    object
};

class JsonTree;

/// One value of a tree, which must outlive it.
class JsonValue {
  public:
    [[nodiscard]] JsonKind kind() const noexcept;
    /// Of a boolean.
    [[nodiscard]] bool flag() const noexcept;
    /// Of a number below zero.
    [[nodiscard]] std::int64_t negative() const noexcept;
    /// Of any other integer.
    [[nodiscard]] std::uint64_t natural() const noexcept;
    [[nodiscard]] std::string_view text() const noexcept;
    /// The member of an object; of several with the same name the last, and nothing where there is none.
    [[nodiscard]] JsonValue member(std::string_view name) const noexcept;

    /// Calls `handle` with each element of an array, or member of an object, in their order.
    template <typename Handle>
    void for_each(Handle handle) const;

  private:
    friend class JsonTree;
    JsonValue(const JsonTree& tree, std::size_t index) : tree_(&tree), index_(index) {}

    const JsonTree* tree_;
    std::size_t index_;
};

class JsonTree {
  public:
    explicit JsonTree(std::string_view document);
    JsonTree(const JsonTree&) = delete;
    JsonTree& operator=(const JsonTree&) = delete;
    ~JsonTree() = default;

    [[nodiscard]] JsonValue root() const noexcept { return {*this, first_}; }

  private:
    friend class JsonValue;
    class Builder;
    struct Node {
        JsonKind kind = JsonKind::nothing;
        std::string_view name;     ///< of a member
        std::string_view text;     ///< of a text
        std::uint64_t number = 0;  ///< of an integer, as its 64 bits, or a boolean
        std::size_t end = 0;       ///< of array and object: the node behind the last one in it
    };
    /// Where the root stands; the node before it is nothing, and stands for what is not there.
    static constexpr std::size_t first_ = 1;

    [[nodiscard]] std::size_t behind(std::size_t index) const noexcept {
        const auto& node = nodes_[index];
        return node.kind == JsonKind::array || node.kind == JsonKind::object ? node.end : index + 1;
    }

    std::string texts_;        ///< of all names and texts, in one piece that never moves
    std::vector<Node> nodes_;  ///< each array and object before what is in it
};

template <typename Handle>
void JsonValue::for_each(Handle handle) const {
    const auto end = tree_->behind(index_);
    for (auto at = index_ + 1; at < end; at = tree_->behind(at)) handle(JsonValue(*tree_, at));
}

}  // namespace defender::store
