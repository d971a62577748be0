#include "common/store/report_row_json.hpp"

#include "common/store/json_fields.hpp"

namespace defender::store {
namespace {

/// Some ten kilobytes of them.
constexpr std::size_t kept_auth_results = 50;

}  // namespace

Status read_reasons(std::string_view json, ReportRow& row) {
    row.reasons.clear();
    if (json == "[]") return Done{};  // as in nearly all rows
    // As the member of an object, since that is what fields are read from.
    const JsonTree column("{\"reasons\":" + std::string(json) + "}");
    std::optional<Error> error;
    const JsonFields fields(column.root(), "row", error);
    fields.array("reasons", row.reasons, [](const JsonFields& each, ReportReason& reason) {
        each.text("type", reason.type);
        each.text("comment", reason.comment);
    });
    if (error) return *error;
    return Done{};
}

Status read_auth_results(std::string_view json, ReportRow& row) {
    row.dkim.clear();
    row.spf.clear();
    const JsonTree column(json);
    std::optional<Error> error;
    const JsonFields fields(column.root(), "auth_results", error);
    fields.array("dkim", row.dkim, [](const JsonFields& each, DkimAuthResult& signature) {
        each.text("domain", signature.domain);
        each.text("selector", signature.selector);
        each.text("result", signature.result);
        each.text("reason", signature.reason);
    });
    fields.array("spf", row.spf, [](const JsonFields& each, SpfAuthResult& check) {
        each.text("domain", check.domain);
        each.text("scope", check.scope);
        each.text("result", check.result);
    });
    if (error) return *error;
    return Done{};
}

Status AuthResultsReader::read(std::string_view json, ReportRow& row) {
    const auto found = known_.find(json);
    if (found != known_.end()) {
        row.dkim = found->second.dkim;
        row.spf = found->second.spf;
        return Done{};
    }
    auto done = read_auth_results(json, row);
    if (done && known_.size() < kept_auth_results) known_.emplace(json, AuthResults{row.dkim, row.spf});
    return done;
}

}  // namespace defender::store
