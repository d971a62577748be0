#include "common/report/report_model_id.hpp"

#include "common/store/digest.hpp"

namespace defender::report {

std::string derived_id(const std::vector<std::string>& values, std::size_t digits) {
    constexpr std::string_view digit = "0123456789abcdef";
    std::string joined;
    for (const auto& value : values) joined += std::to_string(value.size()) + ":" + value;
    std::string id;
    for (const char c : store::sha256(joined)) {
        const auto octet = static_cast<unsigned char>(c);
        id += {digit[octet >> 4U], digit[octet & 15U]};
    }
    return id.substr(0, digits);
}

}  // namespace defender::report
