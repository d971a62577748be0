#include "common/report/reporting_tools.hpp"

#include <exception>

#include "common/dns/system_resolver.hpp"

namespace defender::report {

Result<std::unique_ptr<ReportingTools>> ReportingTools::make(const config::Settings& settings,
                                                             metrics::DnsMetrics& metrics,
                                                             const ReportingTools* previous) {
    std::unique_ptr<ReportingTools> tools(new ReportingTools);
    auto suffixes = auth::PublicSuffixList::load(settings.dmarc.public_suffix_list);
    if (!suffixes) return suffixes.error();
    tools->suffixes_ = std::move(*suffixes);
    auto smtp = SmtpClient::make(settings.report);
    if (!smtp) return smtp.error();
    tools->smtp_ = std::move(*smtp);
    if (!settings.report.dkim_domain.empty()) {
        auto signer = MailSigner::load(settings.report.dkim_domain, settings.report.dkim_selector,
                                       settings.report.dkim_key_file);
        if (!signer) return signer.error();
        tools->signer_ = std::move(*signer);
    }
    tools->dns_ = settings.dns;
    const bool same_dns = previous != nullptr && previous->dns_ == settings.dns;
    try {
        tools->resolver_ = same_dns ? previous->resolver_
                                    : std::shared_ptr(dns::make_system_resolver(settings.dns, metrics));
    } catch (const std::exception& problem) {
        return Error{problem.what()};
    }
    return tools;
}

ReportingParts ReportingTools::parts(store::ReportStore& store, store::ReportStore& reader) {
    return {store, reader, *resolver_, *suffixes_, *smtp_, signer_.get()};
}

}  // namespace defender::report
