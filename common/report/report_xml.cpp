#include "common/report/report_xml.hpp"

#include <pugixml.hpp>

#include "common/report/report_model_words.hpp"
#include "common/report/report_xml_text.hpp"

namespace defender::report {
namespace {

using config::ReportSchema;

constexpr const char* indent = "  ";
constexpr unsigned below_the_root = 1;

class StringWriter : public pugi::xml_writer {
  public:
    void write(const void* data, std::size_t size) override {
        text_.append(static_cast<const char*>(data), size);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

void add(pugi::xml_node parent, const char* name, std::string_view value) {
    parent.append_child(name).text().set(xml_text(value).c_str());
}

void add(pugi::xml_node parent, const char* name, std::int64_t value) {
    parent.append_child(name).text().set(static_cast<long long>(value));
}

void add_unless_empty(pugi::xml_node parent, const char* name, std::string_view value) {
    if (!value.empty()) add(parent, name, value);
}

void add_metadata(pugi::xml_node feedback, const ReportHead& head, ReportSchema schema) {
    auto metadata = feedback.append_child("report_metadata");
    add(metadata, "org_name", head.org_name);
    add(metadata, "email", head.email);
    add_unless_empty(metadata, "extra_contact_info", head.extra_contact_info);
    add(metadata, "report_id", head.report_id);
    auto range = metadata.append_child("date_range");
    add(range, "begin", head.begin);
    add(range, "end", head.end);
    if (schema == ReportSchema::rfc9990) add(metadata, "generator", "Defender " DEFENDER_VERSION);
}

void add_policy(pugi::xml_node feedback, const PublishedPolicy& policy, ReportSchema schema) {
    const bool is_new = schema == ReportSchema::rfc9990;
    const auto mode = [schema](auth::AlignmentMode value) {
        return schema_word(WordKind::alignment_mode, auth::to_string(value), schema);
    };
    auto published = feedback.append_child("policy_published");
    add(published, "domain", policy.domain);
    if (is_new) add(published, "discovery_method", auth::to_string(policy.discovery));
    add(published, "adkim", mode(policy.adkim));
    add(published, "aspf", mode(policy.aspf));
    add(published, "p", auth::to_string(policy.p));
    add(published, "sp", auth::to_string(policy.sp));
    if (is_new) add(published, "np", auth::to_string(policy.np));
    if (!is_new) add(published, "pct", static_cast<std::int64_t>(policy.pct));
    add(published, "fo", policy.fo);
    if (is_new) add(published, "testing", policy.testing ? "y" : "n");
}

void add_row(pugi::xml_node parent, const ReportRecord& record) {
    auto row = parent.append_child("row");
    add(row, "source_ip", record.source_ip);
    row.append_child("count").text().set(static_cast<unsigned long long>(record.count));
    auto evaluated = row.append_child("policy_evaluated");
    add(evaluated, "disposition", record.disposition);
    add(evaluated, "dkim", record.dkim);
    add(evaluated, "spf", record.spf);
    for (const auto& reason : record.reasons) {
        auto element = evaluated.append_child("reason");
        add(element, "type", reason.type);
        add_unless_empty(element, "comment", reason.comment);
    }
}

void add_auth_results(pugi::xml_node parent, const ReportRecord& record) {
    auto results = parent.append_child("auth_results");
    for (const auto& dkim : record.dkim_results) {
        auto element = results.append_child("dkim");
        add(element, "domain", dkim.domain);
        add_unless_empty(element, "selector", dkim.selector);
        add(element, "result", dkim.result);
        add_unless_empty(element, "human_result", dkim.human_result);
    }
    for (const auto& spf : record.spf_results) {
        auto element = results.append_child("spf");
        add(element, "domain", spf.domain);
        add(element, "scope", spf.scope);
        add(element, "result", spf.result);
    }
}

std::string print(const pugi::xml_document& document) {
    StringWriter writer;
    for (const auto child : document.children()) {
        child.print(writer, indent, pugi::format_indent, pugi::encoding_utf8, below_the_root);
    }
    return writer.take();
}

}  // namespace

std::string xml_head(const ReportHead& head, ReportSchema schema) {
    pugi::xml_document document;
    add(document, "version", "1.0");
    add_metadata(document, head, schema);
    add_policy(document, head.policy, schema);
    // RFC 7489's elements are in no namespace, RFC 9990's in their own.
    const std::string root = schema == ReportSchema::rfc9990
                                 ? "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
                                 : "<feedback>\n";
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + root + print(document);
}

std::string xml_record(const ReportRecord& record) {
    pugi::xml_document document;
    auto element = document.append_child("record");
    add_row(element, record);
    auto identifiers = element.append_child("identifiers");
    add_unless_empty(identifiers, "envelope_from", record.envelope_from);
    add(identifiers, "header_from", record.header_from);
    add_auth_results(element, record);
    return print(document);
}

std::string_view xml_foot() noexcept {
    return "</feedback>\n";
}

}  // namespace defender::report
