#include "common/base/text.hpp"
#include "common/report/mime.hpp"
#include "common/report/report_mail.hpp"
#include "common/report/report_model.hpp"
#include "common/report/report_model_id.hpp"

namespace defender::report {

store::Document make_size_notice(const store::Document& document, std::string_view uri, std::uint64_t octets,
                                 const config::ReportSettings& settings) {
    constexpr std::size_t digits = 16;
    store::Document notice;
    notice.kind = store::DocumentKind::size_notice;
    notice.report_id = document.report_id + "n" + derived_id({std::string(uri)}, digits);
    notice.policy_domain = document.policy_domain;
    notice.day = document.day;
    notice.edition = document.edition;
    notice.part = document.part;
    notice.parts = document.parts;
    notice.made_at = document.made_at;
    notice.content = header_field("Report-Domain", {document.policy_domain}) +
                     header_field("Report-ID", {document.report_id}) +
                     header_field("Report-Size", {std::to_string(octets)}) +
                     header_field("Submitter", {submitter_of(settings)}) +
                     header_field("Submitting-URI", unstructured_words(uri));
    return notice;
}

}  // namespace defender::report
