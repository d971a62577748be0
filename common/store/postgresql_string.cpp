#include "common/store/postgresql_string.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "common/base/text.hpp"

namespace defender::store {
namespace {

constexpr std::size_t longest_name = 255;

struct FreeOptions {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

std::string_view value_of(const Options& options, std::string_view keyword) {
    for (const auto* option = options.get(); option && option->keyword; ++option) {
        if (keyword == option->keyword) return option->val ? option->val : "";
    }
    return {};
}

/// libpq takes any other text as the name of a database.
bool has_keywords(std::string_view text) {
    return text.starts_with("postgresql://") || text.starts_with("postgres://") ||
           text.find('=') != std::string_view::npos;
}

/// A '@', '/' or ':' in a password that is not percent-encoded ends up in one of these.
bool is_plausible(std::string_view host, std::string_view port) {
    const auto is_host = [](std::string_view one) {
        // "@name" is a socket in Linux' abstract namespace.
        return one.substr(0, 1) == "@" || one.find('@') == std::string_view::npos;
    };
    const auto hosts = text::split(host, ',');
    return std::all_of(hosts.begin(), hosts.end(), is_host) &&
           std::all_of(port.begin(), port.end(), [](char c) { return text::is_digit(c) || c == ','; });
}

std::string name_of(std::string_view database, std::string_view host) {
    std::string name = "PostgreSQL";
    if (!database.empty()) name += " " + text::printable(database, longest_name);
    if (!host.empty()) name += " at " + text::printable(host, longest_name);
    return name;
}

}  // namespace

Result<std::string> postgresql_name(const std::string& connection_string) {
    if (!has_keywords(connection_string)) return name_of(connection_string, "");
    char* complaint = nullptr;
    const Options options(PQconninfoParse(connection_string.c_str(), &complaint));
    PQfreemem(complaint);
    if (!options) {
        return Error{
            "the connection string of PostgreSQL is neither a list of keyword=value nor a URI that"
            " libpq understands; values with blanks need quotes in the one, other special characters"
            " need percent-encoding in the other"};
    }
    const auto host = value_of(options, "host");
    if (!is_plausible(host, value_of(options, "port"))) {
        return Error{
            "the connection string of PostgreSQL has an impossible host or port; in a URI, special"
            " characters of the password need percent-encoding"};
    }
    return name_of(value_of(options, "dbname"), host.empty() ? value_of(options, "hostaddr") : host);
}

}  // namespace defender::store
