#include "common/store/journal_batch.hpp"

#include "common/store/postgresql_connection.hpp"

namespace defender::store {
namespace {

/// Where a row of "record" has them, behind id and day: record_columns() begins with host and queue_id.
constexpr int host_column = 2;
constexpr int queue_id_column = 3;

void append_columns(std::string& text, const SqlRow& row, int from, std::size_t count) {
    const auto end = from + static_cast<int>(count);
    for (int column = from; column < end; ++column) {
        if (column > from) text += '\t';
        append_copy_text(text, row.view(column));
    }
}

}  // namespace

const std::vector<std::string>& record_columns() {
    static const std::vector<std::string> names{
        "host",      "queue_id",      "received_at",   "client",        "helo",
        "mail_from", "envelope_from", "author_status", "author_domain", "exemption",
        "result",    "requested",     "disposition",   "action",        "auth_results",
        "reply",     "error",         "milliseconds",  "evidence",      "judgement"};
    return names;
}

const std::vector<std::string>& record_domain_columns() {
    static const std::vector<std::string> names{
        "ordinal",     "deciding",    "author_domain", "policy_domain", "policy_record",
        "reportable",  "result",      "spf_aligned",   "dkim_aligned",  "requested",
        "disposition", "sampled_out", "reasons"};
    return names;
}

void JournalBatch::add_record(const SqlRow& row) {
    const auto& entry = entries_.emplace_back(
        JournalEntry{row.number(0), UtcDay{row.number(1)}, row.text(host_column), row.text(queue_id_column)});
    auto& rows = rows_of(MovedTable::record);
    begin_row(rows, entry);
    append_columns(rows.text, row, host_column, record_columns().size());
    end_row(rows, entry);
}

void JournalBatch::add_domain(const SqlRow& row) {
    auto& rows = rows_of(MovedTable::record_domain);
    const auto* entry = owner(rows, row.number(0));
    if (!entry) return;
    begin_row(rows, *entry);
    append_columns(rows.text, row, 1, record_domain_columns().size());
    end_row(rows, *entry);
}

void JournalBatch::add_sighting(const SqlRow& row) {
    auto& rows = rows_of(MovedTable::forwarding_sighting);
    const auto* entry = owner(rows, row.number(0));
    if (!entry) return;
    append_columns(rows.text, row, 1, 4);
    end_row(rows, *entry);
}

const JournalEntry* JournalBatch::owner(const Rows& rows, std::int64_t id) const {
    for (auto place = rows.ends.empty() ? 0 : rows.ends.size() - 1; place < entries_.size(); ++place) {
        if (entries_[place].id >= id) return entries_[place].id == id ? &entries_[place] : nullptr;
    }
    return nullptr;
}

/// A row of "record" and of "record_domain" begins with the record's name and day.
void JournalBatch::begin_row(Rows& rows, const JournalEntry& entry) const {
    rows.text += std::to_string(entry.id);
    rows.text += '\t';
    append_copy_text(rows.text, journal_);
    rows.text += '\t';
    rows.text += std::to_string(entry.day.number);
    rows.text += '\t';
}

void JournalBatch::end_row(Rows& rows, const JournalEntry& entry) const {
    // Entries in between have no rows: theirs end where the rows before them do.
    rows.ends.resize(place_of(entry) + 1, rows.ends.empty() ? 0 : rows.ends.back());
    rows.text += '\n';
    rows.ends.back() = rows.text.size();
}

std::string_view JournalBatch::rows(MovedTable table, Entries entries) const {
    const auto& rows = rows_.at(static_cast<std::size_t>(table));
    const auto end_of = [&](std::size_t place) {
        return place < rows.ends.size() ? rows.ends[place] : rows.text.size();
    };
    const auto first = place_of(entries.front());
    const auto begin = first == 0 ? 0 : end_of(first - 1);
    return std::string_view(rows.text).substr(begin, end_of(place_of(entries.back())) - begin);
}

std::size_t JournalBatch::octets() const {
    std::size_t octets = 0;
    for (const auto& rows : rows_) octets += rows.text.size();
    return octets;
}

}  // namespace defender::store
