#include "common/store/report_schema.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace defender::store {
namespace {

// {id} a number that the database gives, {number}, {text} in the order of its octets, {octets}, and {end} of
// a table.
//
// report: one UTC day, policy domain and policy text; series is the digest of these three, so that policies
// of any length are compared by 16 octets. state: open, closing, emptying (closed, its rows not yet all
// deleted) or closed. spread: the report's share, of 65536, in the time over which reports are made. In
// SQLite ids follow day and spread (report_sums_writer.cpp), as the tables lie in their order. How many
// messages and rows there are is counted where it is asked for, so that a fold touches the rows alone. Closed
// reports stay until their documents expire: they tell a late record that it opens a new edition.
//
// report_row: row_key is the digest of the columns of the tuple. reasons and auth_results are JSON, as
// records have them.
//
// document: report is NULL for a document outside any report. delivery: a lease that nobody has is ''. The
// indexes of delivery and delivery_step hold only what is looked for by time: what is waiting, what was sent.
constexpr std::string_view tables = R"sql(
CREATE TABLE report (
    id            {id},
    day           {number} NOT NULL,
    policy_domain {text} NOT NULL,
    policy_record {text} NOT NULL,
    series        {octets} NOT NULL,
    edition       {number} NOT NULL,
    state         {text} NOT NULL,
    spread        {number} NOT NULL,
    lease_owner   {text} NOT NULL DEFAULT '',
    lease_until   {number} NOT NULL DEFAULT 0,
    UNIQUE (series, edition)
){end};
CREATE INDEX report_due ON report (state, day, spread, id);

CREATE TABLE report_row (
    report        {number} NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    row_key       {octets} NOT NULL,
    source_ip     {text} NOT NULL,
    disposition   {text} NOT NULL,
    dkim_aligned  {number} NOT NULL,
    spf_aligned   {number} NOT NULL,
    reasons       {text} NOT NULL,
    header_from   {text} NOT NULL,
    envelope_from {text} NOT NULL,
    auth_results  {text} NOT NULL,
    messages      {number} NOT NULL,
    PRIMARY KEY (report, row_key)
){end};

CREATE TABLE document (
    id            {id},
    report        {number} REFERENCES report (id),
    kind          {text} NOT NULL,
    report_id     {text} NOT NULL UNIQUE,
    policy_domain {text} NOT NULL,
    day           {number} NOT NULL,
    edition       {number} NOT NULL,
    part          {number} NOT NULL,
    parts         {number} NOT NULL,
    xml_schema    {text} NOT NULL,
    filename      {text} NOT NULL,
    messages      {number} NOT NULL,
    row_count     {number} NOT NULL,
    made_at       {number} NOT NULL,
    content       {octets} NOT NULL
){end};
CREATE INDEX document_made_at ON document (made_at, id);
CREATE INDEX document_report ON document (report);

CREATE TABLE delivery (
    id           {id},
    document     {number} NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    uri          {text} NOT NULL,
    address      {text} NOT NULL,
    max_octets   {number},
    state        {text} NOT NULL,
    attempts     {number} NOT NULL,
    next_at      {number} NOT NULL,
    first_try_at {number} NOT NULL,
    changed_at   {number} NOT NULL,
    answer       {text} NOT NULL,
    lease_owner  {text} NOT NULL DEFAULT '',
    lease_until  {number} NOT NULL DEFAULT 0
){end};
CREATE INDEX delivery_document ON delivery (document);
CREATE INDEX delivery_waiting ON delivery (next_at, id)
    WHERE state IN ('made', 'verified', 'sending', 'retry');

CREATE TABLE delivery_step (
    id       {id},
    delivery {number} NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    at       {number} NOT NULL,
    state    {text} NOT NULL,
    answer   {text} NOT NULL
){end};
CREATE INDEX delivery_step_delivery ON delivery_step (delivery, id);
CREATE INDEX delivery_step_sent ON delivery_step (at) WHERE state = 'sent';

CREATE TABLE suppression (
    destination {text} NOT NULL PRIMARY KEY,
    until       {number} NOT NULL,
    strikes     {number} NOT NULL,
    reason      {text} NOT NULL
){end};
)sql";

using Names = std::array<std::pair<std::string_view, std::string_view>, 5>;

constexpr Names sqlite_names{{{"{id}", "INTEGER PRIMARY KEY AUTOINCREMENT"},
                              {"{number}", "INTEGER"},
                              {"{text}", "TEXT"},
                              {"{octets}", "BLOB"},
                              {"{end}", " STRICT"}}};
constexpr Names postgresql_names{{{"{id}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"},
                                  {"{number}", "BIGINT"},
                                  {"{text}", "TEXT COLLATE \"C\""},
                                  {"{octets}", "BYTEA"},
                                  {"{end}", ""}}};

}  // namespace

std::string report_tables(SqlDialect dialect) {
    std::string sql(tables);
    for (const auto& [name, type] : dialect == SqlDialect::sqlite ? sqlite_names : postgresql_names) {
        for (auto at = sql.find(name); at != std::string::npos; at = sql.find(name, at + type.size())) {
            sql.replace(at, name.size(), type);
        }
    }
    return sql;
}

}  // namespace defender::store
