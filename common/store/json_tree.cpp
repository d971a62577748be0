#include "common/store/json_tree.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace defender::store {

/// What nlohmann's parser tells what it finds.
class JsonTree::Builder {
  public:
    explicit Builder(JsonTree& tree) : tree_(tree) {}

    // The parser's names.
    bool null() { return add(JsonKind::null); }
    bool boolean(bool value) { return add(JsonKind::boolean, value ? 1 : 0); }
    bool number_integer(std::int64_t value) {
        return add(JsonKind::negative, static_cast<std::uint64_t>(value));
    }
    bool number_unsigned(std::uint64_t value) { return add(JsonKind::natural, value); }
    bool number_float(double /*value*/, const std::string& /*digits*/) { return add(JsonKind::fraction); }
    bool string(const std::string& value) {
        add(JsonKind::text);
        tree_.nodes_.back().text = keep(value);
        return true;
    }
    bool binary(const std::vector<std::uint8_t>& /*value*/) { return false; }
    bool key(const std::string& name) {
        name_ = keep(name);
        return true;
    }
    bool start_object(std::size_t /*elements*/) { return begin(JsonKind::object); }
    bool end_object() { return end(); }
    bool start_array(std::size_t /*elements*/) { return begin(JsonKind::array); }
    bool end_array() { return end(); }
    bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) {
        return false;
    }

  private:
    bool add(JsonKind kind, std::uint64_t number = 0) {
        auto& node = tree_.nodes_.emplace_back();
        node.kind = kind;
        node.number = number;
        node.name = std::exchange(name_, {});
        return true;
    }
    bool begin(JsonKind kind) {
        open_.push_back(tree_.nodes_.size());
        return add(kind);
    }
    bool end() {
        tree_.nodes_[open_.back()].end = tree_.nodes_.size();
        open_.pop_back();
        return true;
    }
    std::string_view keep(const std::string& text) {
        const auto begin = tree_.texts_.size();
        tree_.texts_ += text;
        return std::string_view(tree_.texts_).substr(begin);
    }

    JsonTree& tree_;
    std::string_view name_;          ///< of the next value
    std::vector<std::size_t> open_;  ///< arrays and objects, the innermost last
};

JsonTree::JsonTree(std::string_view document) {
    // Text that is read is never longer than it is written: an escape has more octets than what it stands
    // for.
    texts_.reserve(document.size());
    constexpr std::size_t octets_of_a_value = 16;
    nodes_.reserve(document.size() / octets_of_a_value + first_ + 1);
    nodes_.emplace_back();
    Builder builder(*this);
    if (nlohmann::json::sax_parse(document.begin(), document.end(), &builder)) return;
    nodes_.assign(first_ + 1, Node{});
}

JsonKind JsonValue::kind() const noexcept {
    return tree_->nodes_[index_].kind;
}

bool JsonValue::flag() const noexcept {
    return tree_->nodes_[index_].number != 0;
}

std::int64_t JsonValue::negative() const noexcept {
    return static_cast<std::int64_t>(tree_->nodes_[index_].number);
}

std::uint64_t JsonValue::natural() const noexcept {
    return tree_->nodes_[index_].number;
}

std::string_view JsonValue::text() const noexcept {
    return tree_->nodes_[index_].text;
}

JsonValue JsonValue::member(std::string_view name) const noexcept {
    std::size_t found = 0;
    if (kind() == JsonKind::object) {
        const auto end = tree_->behind(index_);
        for (auto at = index_ + 1; at < end; at = tree_->behind(at)) {
            if (tree_->nodes_[at].name == name) found = at;
        }
    }
    return {*tree_, found};
}

}  // namespace defender::store
