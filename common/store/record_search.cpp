#include "common/store/record_search.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "common/store/record_row.hpp"

namespace defender::store {
namespace {

constexpr std::string_view in_file =
    "SELECT (SELECT journal FROM journal), id, host, reply, error, milliseconds, evidence, judgement"
    " FROM record WHERE queue_id = $1";
constexpr std::string_view in_postgresql =
    "SELECT journal, id, host, reply, error, milliseconds, evidence, judgement"
    " FROM record WHERE queue_id = $1";

RecordRow row_of(const SqlRow& columns) {
    RecordRow row;
    row.host = columns.text(2);
    row.reply = columns.text(3);
    row.error = columns.text(4);
    row.milliseconds = columns.number(5);
    row.evidence = columns.text(6);
    row.judgement = columns.text(7);
    return row;
}

/// In the order of newest_first(); equal for a record found twice.
auto place_of(const FoundRecord& found) {
    return std::tuple(-found.record.evidence.received_at, found.journal, -found.id);
}

}  // namespace

Result<std::vector<FoundRecord>> search_records(SqlConnection& connection, const std::string& queue_id) {
    std::vector<FoundRecord> found;
    std::optional<Error> unreadable;
    const auto read = [&](const SqlRow& columns) {
        auto record = from_row(row_of(columns));
        if (!record) {
            unreadable = Error{"record " + columns.text(1) + ": " + record.error().message};
            return;
        }
        found.push_back({columns.text(0), columns.number(1), std::move(record).value()});
    };
    const auto sql = connection.dialect() == SqlDialect::sqlite ? in_file : in_postgresql;
    const auto done = connection.run(sql, {column_text(queue_id)}, read);
    if (!done) return done.error();
    if (unreadable) return *unreadable;
    return found;
}

std::vector<Record> newest_first(std::vector<FoundRecord> found) {
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return place_of(a) < place_of(b); });
    const auto end = std::unique(found.begin(), found.end(),
                                 [](const auto& a, const auto& b) { return place_of(a) == place_of(b); });
    std::vector<Record> records;
    for (auto each = found.begin(); each != end; ++each) records.push_back(std::move(each->record));
    return records;
}

}  // namespace defender::store
