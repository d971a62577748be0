#include "ctl/text_table.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace defender::ctl {
namespace {

constexpr std::size_t max_cell_octets = 500;

std::vector<std::size_t> widths_of(const std::vector<TextRow>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], cell(row[i]).size());
    }
    return widths;
}

}  // namespace

std::string cell(std::string_view s) {
    return text::printable(s, max_cell_octets);
}

std::string text_table(const std::vector<TextRow>& rows) {
    const auto widths = widths_of(rows);
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            auto text = cell(row[i]);
            text.resize(widths[i], ' ');
            line += "  " + text;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

}  // namespace defender::ctl
