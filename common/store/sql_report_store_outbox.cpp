#include <algorithm>

#include "common/store/record_row.hpp"
#include "common/store/sql_report_store.hpp"

namespace defender::store {
namespace {

constexpr std::string_view delivery_columns =
    "delivery.id, delivery.document, delivery.uri, delivery.address, delivery.max_octets, delivery.state,"
    " delivery.attempts, delivery.next_at, delivery.first_try_at, delivery.changed_at, delivery.answer";
constexpr int delivery_column_count = 11;

/// Without the content.
constexpr std::string_view document_columns =
    "document.id, document.kind, document.report_id, document.policy_domain, document.day, document.edition,"
    " document.part, document.parts, document.xml_schema, document.filename, document.messages,"
    " document.row_count, document.made_at";
constexpr int document_column_count = 13;

constexpr std::string_view insert_document_sql =
    "INSERT INTO document (report, kind, report_id, policy_domain, day, edition, part, parts, xml_schema,"
    " filename, messages, row_count, made_at, content)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    " ON CONFLICT (report_id) DO NOTHING RETURNING id";
constexpr std::string_view insert_delivery_sql =
    "INSERT INTO delivery (document, uri, address, max_octets, state, attempts, next_at, first_try_at,"
    " changed_at, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id";
constexpr std::string_view advance_sql =
    "UPDATE delivery SET address = $1, state = $2, attempts = $3, next_at = $4, first_try_at = $5,"
    " changed_at = $6, answer = $7, lease_owner = $8, lease_until = $9"
    " WHERE id = $10 AND lease_owner = $11 AND lease_until = $12";

std::int64_t number(std::uint64_t n) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(n, INT64_MAX));
}

std::string name(auto value) {
    return std::string(to_string(value));
}

/// Reads a named value; the first that is unknown becomes the error.
template <typename Value>
Value known(const std::optional<Value>& value, const std::string& found, std::optional<Error>& error) {
    if (!value && !error)
        error = Error{"the outbox has the word " + found + ", which this program does not know"};
    return value.value_or(Value{});
}

Delivery delivery_of(const SqlRow& row, std::optional<Error>& error) {
    Delivery delivery;
    delivery.id = row.number(0);
    delivery.document_id = row.number(1);
    delivery.uri = row.text(2);
    delivery.address = row.text(3);
    if (!row.is_null(4)) delivery.max_octets = static_cast<std::uint64_t>(row.number(4));
    delivery.state = known(delivery_state_from(row.text(5)), row.text(5), error);
    delivery.attempts = static_cast<unsigned>(row.number(6));
    delivery.next_at = row.number(7);
    delivery.first_try_at = row.number(8);
    delivery.changed_at = row.number(9);
    delivery.answer = row.text(10);
    return delivery;
}

/// From the columns that begin at `first`.
Document document_of(const SqlRow& row, int first, std::optional<Error>& error) {
    Document document;
    document.id = row.number(first);
    document.kind = known(document_kind_from(row.text(first + 1)), row.text(first + 1), error);
    document.report_id = row.text(first + 2);
    document.policy_domain = row.text(first + 3);
    document.day = UtcDay{row.number(first + 4)};
    document.edition = static_cast<unsigned>(row.number(first + 5));
    document.part = static_cast<unsigned>(row.number(first + 6));
    document.parts = static_cast<unsigned>(row.number(first + 7));
    document.schema = row.text(first + 8);
    document.filename = row.text(first + 9);
    document.messages = static_cast<std::uint64_t>(row.number(first + 10));
    document.rows = static_cast<std::uint64_t>(row.number(first + 11));
    document.made_at = row.number(first + 12);
    return document;
}

SqlValues values_of(const Document& document, std::optional<std::int64_t> report) {
    return {report ? SqlValue(*report) : SqlValue(SqlNull{}),
            name(document.kind),
            column_text(document.report_id),
            column_text(document.policy_domain),
            document.day.number,
            std::int64_t{document.edition},
            std::int64_t{document.part},
            std::int64_t{document.parts},
            column_text(document.schema),
            column_text(document.filename),
            number(document.messages),
            number(document.rows),
            document.made_at,
            SqlOctetsView{document.content}};
}

/// The conditions of a filter, and their values.
std::string conditions_of(const DeliveryFilter& filter, SqlValues& values) {
    std::string conditions;
    const auto add = [&](std::string_view column, SqlValue value) {
        values.push_back(std::move(value));
        conditions += " AND " + std::string(column) + " = $" + std::to_string(values.size());
    };
    if (filter.day) add("document.day", filter.day->number);
    if (!filter.policy_domain.empty()) add("document.policy_domain", column_text(filter.policy_domain));
    if (!filter.report_id.empty()) add("document.report_id", column_text(filter.report_id));
    if (filter.state) add("delivery.state", name(*filter.state));
    return conditions;
}

}  // namespace

/// False, and nothing is written, where its report_id is there already.
Result<bool> SqlReportStore::insert_document(const NewDocument& made, std::optional<std::int64_t> report) {
    std::int64_t id = 0;
    const auto inserted = connection_->run(insert_document_sql, values_of(made.document, report),
                                           [&](const SqlRow& row) { id = row.number(0); });
    if (!inserted) return inserted.error();
    if (*inserted == 0) return false;
    for (const auto& delivery : made.deliveries) {
        if (auto done = insert_delivery(delivery, id); !done) return done.error();
    }
    return true;
}

Status SqlReportStore::insert_delivery(const Delivery& delivery, std::int64_t document) {
    std::int64_t id = 0;
    const auto inserted =
        connection_->run(insert_delivery_sql,
                         {document, column_text(delivery.uri), column_text(delivery.address),
                          delivery.max_octets ? SqlValue(number(*delivery.max_octets)) : SqlValue(SqlNull{}),
                          name(delivery.state), std::int64_t{delivery.attempts}, delivery.next_at,
                          delivery.first_try_at, delivery.changed_at, column_text(delivery.answer)},
                         [&](const SqlRow& row) { id = row.number(0); });
    if (!inserted) return inserted.error();
    return insert_step(id, delivery.changed_at, delivery.state, delivery.answer);
}

Status SqlReportStore::insert_step(std::int64_t delivery, UtcSeconds at, DeliveryState state,
                                   const std::string& answer) {
    const auto inserted =
        connection_->run("INSERT INTO delivery_step (delivery, at, state, answer) VALUES ($1, $2, $3, $4)",
                         {delivery, at, name(state), column_text(answer)});
    if (!inserted) return inserted.error();
    return Done{};
}

Status SqlReportStore::add(const NewDocument& document) {
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    const auto inserted = insert_document(document, std::nullopt);
    if (!inserted) return inserted.error();
    return transaction.value()->commit();
}

Result<std::optional<Document>> SqlReportStore::document(std::int64_t id) {
    std::optional<Document> found;
    std::optional<Error> error;
    const auto sql = "SELECT " + std::string(document_columns) + ", content FROM document WHERE id = $1";
    const auto done = connection_->run(sql, {id}, [&](const SqlRow& row) {
        found = document_of(row, 0, error);
        found->content = row.octets(document_column_count);
    });
    if (!done) return done.error();
    if (error) return *error;
    return found;
}

Result<std::vector<Delivery>> SqlReportStore::claim(UtcSeconds now, const Lease& lease, std::uint64_t limit) {
    // MATERIALIZED: the rows are chosen, and locked, once.
    const auto sql = "WITH due AS MATERIALIZED (SELECT id FROM delivery WHERE " +
                     std::string(waiting_deliveries) +
                     " AND next_at <= $1 AND lease_until <= $1 ORDER BY next_at, id LIMIT $2" +
                     (is_sqlite() ? "" : " FOR UPDATE SKIP LOCKED") +
                     ") UPDATE delivery SET lease_owner = $3, lease_until = $4"
                     " WHERE id IN (SELECT id FROM due) RETURNING " +
                     std::string(delivery_columns);
    std::vector<Delivery> claimed;
    std::optional<Error> error;
    const auto done =
        connection_->run(sql, {now, number(limit), lease.owner, lease.until},
                         [&](const SqlRow& row) { claimed.push_back(delivery_of(row, error)); });
    if (!done) return done.error();
    if (error) return *error;
    std::sort(claimed.begin(), claimed.end(), [](const Delivery& a, const Delivery& b) {
        return std::pair(a.next_at, a.id) < std::pair(b.next_at, b.id);
    });
    return claimed;
}

Result<bool> SqlReportStore::advance(const Delivery& delivery, const Lease& lease) {
    return advance_and_add(delivery, lease, {});
}

Result<bool> SqlReportStore::advance_and_add(const Delivery& delivery, const Lease& lease,
                                             const std::vector<Delivery>& others) {
    const bool held = !at_its_end(delivery.state) && delivery.state != DeliveryState::retry;
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    const auto written = connection_->run(
        advance_sql, {column_text(delivery.address), name(delivery.state), std::int64_t{delivery.attempts},
                      delivery.next_at, delivery.first_try_at, delivery.changed_at,
                      column_text(delivery.answer), held ? lease.owner : std::string(),
                      held ? lease.until : UtcSeconds{0}, delivery.id, lease.owner, lease.until});
    if (!written) return written.error();
    if (*written == 0) return false;
    auto step = insert_step(delivery.id, delivery.changed_at, delivery.state, delivery.answer);
    if (!step) return step.error();
    for (const auto& other : others) {
        if (auto done = insert_delivery(other, delivery.document_id); !done) return done.error();
    }
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return true;
}

Result<std::vector<DeliveryListing>> SqlReportStore::list(const DeliveryFilter& filter) {
    // SQLite takes the tables of a CROSS JOIN in this order, so that the newest are read and not all sorted.
    SqlValues values;
    auto sql = "SELECT " + std::string(delivery_columns) + ", " + std::string(document_columns) +
               " FROM document CROSS JOIN delivery WHERE delivery.document = document.id" +
               conditions_of(filter, values);
    values.emplace_back(number(filter.limit));
    sql += " ORDER BY document.made_at DESC, document.id DESC, delivery.id LIMIT $" +
           std::to_string(values.size());
    std::vector<DeliveryListing> listings;
    std::optional<Error> error;
    const auto done = connection_->run(sql, values, [&](const SqlRow& row) {
        listings.push_back({delivery_of(row, error), document_of(row, delivery_column_count, error)});
    });
    if (!done) return done.error();
    if (error) return *error;
    return listings;
}

Result<std::vector<DeliveryStep>> SqlReportStore::history(std::int64_t delivery) {
    std::vector<DeliveryStep> steps;
    std::optional<Error> error;
    const auto done = connection_->run(
        "SELECT at, state, answer FROM delivery_step WHERE delivery = $1 ORDER BY id", {delivery},
        [&](const SqlRow& row) {
            steps.push_back(
                {row.number(0), known(delivery_state_from(row.text(1)), row.text(1), error), row.text(2)});
        });
    if (!done) return done.error();
    if (error) return *error;
    return steps;
}

Result<bool> SqlReportStore::resend(std::int64_t delivery, UtcSeconds now) {
    const std::string answer = "to be sent again";
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    const auto written = connection_->run(
        "UPDATE delivery SET state = 'made', attempts = 0, first_try_at = 0, next_at = $1, changed_at = $1,"
        " answer = $2, lease_owner = '', lease_until = 0 WHERE id = $3 AND lease_until <= $1",
        {now, answer, delivery});
    if (!written) return written.error();
    if (*written == 0) return false;
    auto step = insert_step(delivery, now, DeliveryState::made, answer);
    if (!step) return step.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return true;
}

Result<std::uint64_t> SqlReportStore::sent_since(UtcSeconds since) {
    return count_of("SELECT count(*) FROM delivery_step WHERE state = 'sent' AND at >= $1", {since});
}

Result<std::uint64_t> SqlReportStore::count_of(std::string_view sql, const SqlValues& values) {
    std::uint64_t count = 0;
    const auto done = connection_->run(
        sql, values, [&](const SqlRow& row) { count = static_cast<std::uint64_t>(row.number(0)); });
    if (!done) return done.error();
    return count;
}

}  // namespace defender::store
