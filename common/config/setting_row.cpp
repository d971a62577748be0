#include "common/config/setting_row.hpp"

#include "common/base/text.hpp"

namespace defender::config {
namespace {

constexpr std::size_t quoted_octets = 80;

struct Describe {
    std::string operator()(const TakesSwitch&) const { return "true or false"; }
    std::string operator()(const TakesNumber& takes) const {
        return "a whole number from " + std::to_string(takes.least) + " to " + std::to_string(takes.most) +
               " (" + takes.unit + ")";
    }
    std::string operator()(const TakesWord& takes) const { return one_of(takes.words); }
    std::string operator()(const TakesText& takes) const { return takes.shape; }
    std::string operator()(const TakesList& takes) const {
        return "a list in square brackets, each item " + takes.shape;
    }
};

std::string quoted_toml(const std::string& text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out = "\"";
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet == 0x7f) {
            out += "\\u00";
            out += hex[octet >> 4U];
            out += hex[octet & 0x0fU];
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

struct ToToml {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(const std::string& value) const { return quoted_toml(value); }
    std::string operator()(const std::vector<std::string>& items) const {
        std::vector<std::string> quoted;
        for (const auto& item : items) quoted.push_back(quoted_toml(item));
        return "[" + text::join(quoted, ", ") + "]";
    }
};

}  // namespace

std::string one_of(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

std::string is_quoted(std::string_view value) {
    return "is \"" + text::printable(value, quoted_octets) + "\"";
}

std::string describe(const Takes& takes) {
    return std::visit(Describe{}, takes);
}

std::string to_toml(const Value& value) {
    return std::visit(ToToml{}, value);
}

Problems check_range(std::int64_t value, const TakesNumber& range) {
    if (value >= range.least && value <= range.most) return {};
    const bool low = value < range.least;
    return {{"is " + std::to_string(value) + (low ? ", less than " : ", more than ") +
                 std::to_string(low ? range.least : range.most),
             "write " + describe(range),
             {}}};
}

}  // namespace defender::config
