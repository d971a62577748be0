#include "common/report/report_documents.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"
#include "common/report/gzip_stream.hpp"
#include "common/report/record_xml.hpp"
#include "common/report/report_model.hpp"
#include "common/report/report_model_id.hpp"
#include "common/report/report_xml.hpp"

namespace defender::report {
namespace {

using config::ReportSchema;

std::string_view schema_name(ReportSchema schema) noexcept {
    return schema == ReportSchema::rfc9990 ? "rfc9990" : "rfc7489";
}

std::string document_id(const std::string& report_id, ReportSchema schema, unsigned part) {
    std::string id = report_id;
    if (schema == ReportSchema::rfc9990) id += "v2";
    if (part > 1) id += "p" + std::to_string(part);
    return id;
}

std::string domain_in_filename(std::string_view domain) {
    std::string out(domain);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return !text::is_alnum(c) && c != '.' && c != '_'; }, '-');
    return out;
}

std::string id_in_filename(std::string_view report_id) {
    std::string out;
    std::copy_if(report_id.begin(), report_id.end(), std::back_inserter(out), text::is_alnum);
    return out;
}

/// Writes the documents of a report one after another.
class DocumentsWriter {
  public:
    DocumentsWriter(const store::Report& report, const config::ReportSettings& settings, ReportSchema schema,
                    PublishedPolicy policy)
        : report_(report),
          settings_(settings),
          schema_(schema),
          policy_(std::move(policy)),
          records_(policy_, schema),
          report_id_(report_id(report, settings)) {}
    DocumentsWriter(const DocumentsWriter&) = delete;
    DocumentsWriter& operator=(const DocumentsWriter&) = delete;
    ~DocumentsWriter() = default;

    [[nodiscard]] Status add(const store::ReportRow& row) {
        const auto xml = records_.of(row);
        if (!xml) return xml.error();
        last_.assign(*xml).append(xml_foot());
        if (file_ && !file_->fits(last_, settings_.max_size)) end_document();
        if (!file_) begin_document();
        file_->write(*xml);
        documents_.back().messages += row.count;
        ++documents_.back().rows;
        return Done{};
    }

    [[nodiscard]] std::vector<store::Document> finish() {
        if (file_) end_document();
        for (auto& document : documents_) document.parts = static_cast<unsigned>(documents_.size());
        return std::move(documents_);
    }

  private:
    void begin_document() {
        store::Document document;
        document.kind = store::DocumentKind::aggregate;
        document.part = static_cast<unsigned>(documents_.size() + 1);
        document.report_id = document_id(report_id_, schema_, document.part);
        document.policy_domain = report_.policy_domain;
        document.day = report_.day;
        document.edition = report_.edition;
        document.schema = schema_name(schema_);
        document.filename =
            report_filename(submitter_of(settings_), report_.policy_domain, report_.day, document.report_id);
        file_.emplace();
        file_->write(xml_head(report_head(report_, policy_, settings_, document.report_id), schema_));
        documents_.push_back(std::move(document));
    }

    void end_document() {
        file_->write(xml_foot());
        documents_.back().content = file_->finish();
        file_.reset();
    }

    const store::Report& report_;
    const config::ReportSettings& settings_;
    ReportSchema schema_;
    PublishedPolicy policy_;
    RecordXml records_;
    std::string report_id_;
    std::vector<store::Document> documents_;
    std::optional<GzipStream> file_;  ///< of documents_.back(), while it is being written
    std::string last_;                ///< a record as it would be the last one; its room is kept
};

}  // namespace

Result<std::vector<store::Document>> make_documents(store::ReportStore& store, const store::Report& report,
                                                    const config::ReportSettings& settings,
                                                    ReportSchema schema, config::DmarcStandard standard) {
    auto policy = published_policy(report, standard);
    if (!policy) return policy.error();
    DocumentsWriter writer(report, settings, schema, std::move(policy).value());
    std::optional<Error> wrong;
    const auto read = store.rows(report.id, [&](const store::ReportRow& row) {
        const auto added = writer.add(row);
        if (!added) wrong = added.error();
        return added.has_value();
    });
    if (wrong) return *wrong;
    if (!read) return read.error();
    return writer.finish();
}

std::string report_id(const store::Report& report, const config::ReportSettings& settings) {
    constexpr std::size_t digits = 32;
    return derived_id({submitter_of(settings), report.policy_domain, report.day.to_string(),
                       report.policy_record, std::to_string(report.edition)},
                      digits);
}

std::string report_filename(std::string_view receiver, std::string_view policy_domain, UtcDay day,
                            std::string_view report_id) {
    return domain_in_filename(receiver) + "!" + domain_in_filename(policy_domain) + "!" +
           std::to_string(day.begin()) + "!" + std::to_string(day.end() - 1) + "!" +
           id_in_filename(report_id) + ".xml.gz";
}

config::ReportSchema schema_for(std::string_view address, const config::ReportSettings& settings) {
    const auto at = address.rfind('@');
    const auto domain =
        at == std::string_view::npos ? std::nullopt : DomainName::parse(address.substr(at + 1));
    for (const auto& destination : settings.destinations) {
        if (domain && domain->is_within(destination.domain)) return destination.schema;
    }
    return settings.schema;
}

Result<std::string> unpack(std::string_view content) {
    return gunzip(content);
}

}  // namespace defender::report
