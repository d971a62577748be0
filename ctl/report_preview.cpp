// defenderctl report preview: the files of the reports that are still open, and the mails that would carry
// them. Nothing is closed and nothing is sent.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "common/auth/dmarc_record.hpp"
#include "common/report/deliveries.hpp"
#include "common/report/report_documents.hpp"
#include "common/report/report_mail.hpp"
#include "common/report/reporting.hpp"
#include "common/store/json_fields.hpp"
#include "ctl/progress.hpp"
#include "ctl/report_commands.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

using store::Json;

struct PreviewOptions {
    ReportChoice choice;
    std::string folder = ".";
    std::string now;
    bool json = false;
};

struct MailFile {
    std::string address;
    std::filesystem::path path;
};
/// One document as it was written down.
struct DocumentFiles {
    store::Document document;  ///< without its content
    std::filesystem::path xml;
    std::vector<MailFile> mails;
};

/// Records that are not folded yet would be missing in every report.
Status fold_all(store::ReportStore& store, Progress& progress) {
    const auto counts = store.counts();
    if (!counts) return counts.error();
    for (std::uint64_t done = 0; done < counts->unfolded;) {
        progress.update(done, counts->unfolded);
        const auto folded = store.fold(report::fold_at_once);
        if (!folded) return folded.error();
        if (*folded == 0) break;
        done += *folded;
    }
    progress.finish();
    return Done{};
}

Status write_file(const std::filesystem::path& path, const std::string& octets) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << octets;
    file.close();
    if (!file) return Error{"cannot write " + path.string()};
    return Done{};
}

/// The addresses that the policy record names, by the form that reports to them have. A policy that names
/// none is previewed all the same, in the usual form.
std::map<config::ReportSchema, std::vector<std::string>> addresses_of(
    const store::Report& report, const config::ReportSettings& settings) {
    std::map<config::ReportSchema, std::vector<std::string>> addresses;
    const auto record = auth::parse_dmarc_record(report.policy_record);
    const auto deliveries = report::deliveries_to(record.value_or(auth::DmarcRecord{}).aggregate_uris, 0);
    for (const auto& delivery : deliveries) {
        if (delivery.state == store::DeliveryState::skipped) continue;
        addresses[report::schema_for(delivery.address, settings)].push_back(delivery.address);
    }
    if (addresses.empty()) addresses[settings.schema] = {};
    return addresses;
}

class Preview {
  public:
    Preview(store::ReportStore& store, const config::Settings& settings, const PreviewOptions& options)
        : store_(store),
          settings_(settings.report),
          standard_(settings.dmarc.standard),
          folder_(options.folder),
          now_(moment_of(options.now)) {}

    Status write(const store::Report& report) {
        for (const auto& [schema, addresses] : addresses_of(report, settings_)) {
            auto documents = report::make_documents(store_, report, settings_, schema, standard_);
            if (!documents) return documents.error();
            for (auto& document : *documents) {
                document.made_at = now_;
                const auto done = write(std::move(document), addresses);
                if (!done) return done;
            }
        }
        return Done{};
    }
    [[nodiscard]] const std::vector<DocumentFiles>& files() const noexcept { return files_; }

  private:
    Status write(store::Document document, const std::vector<std::string>& addresses) {
        const auto xml = report::unpack(document.content);
        if (!xml) return xml.error();
        DocumentFiles written;
        written.xml = folder_ / std::filesystem::path(document.filename).stem();
        if (const auto done = write_file(written.xml, *xml); !done) return done;
        for (const auto& address : addresses) {
            const auto mail = report::compose_mail(document, address, settings_, nullptr);
            if (!mail) return mail.error();
            const auto number = std::to_string(written.mails.size() + 1);
            const auto path = folder_ / (document.report_id + "-" + number + ".eml");
            if (const auto done = write_file(path, *mail); !done) return done;
            written.mails.push_back({address, path});
        }
        document.content.clear();
        written.document = std::move(document);
        files_.push_back(std::move(written));
        return Done{};
    }

    store::ReportStore& store_;
    const config::ReportSettings& settings_;
    config::DmarcStandard standard_;
    std::filesystem::path folder_;
    UtcSeconds now_;
    std::vector<DocumentFiles> files_;
};

void print_json(const std::vector<DocumentFiles>& all) {
    Json out = Json::array();
    for (const auto& [document, xml, mails] : all) {
        Json mail_files = Json::array();
        for (const auto& mail : mails) {
            mail_files.push_back({{"address", mail.address}, {"file", mail.path.string()}});
        }
        out.push_back({{"report_id", document.report_id},
                       {"day", document.day.to_string()},
                       {"policy_domain", document.policy_domain},
                       {"edition", document.edition},
                       {"part", document.part},
                       {"parts", document.parts},
                       {"schema", document.schema},
                       {"messages", document.messages},
                       {"rows", document.rows},
                       {"file", xml.string()},
                       {"mails", std::move(mail_files)}});
    }
    std::cout << store::json_text(out) << '\n';
}

void print_text(const std::vector<DocumentFiles>& all) {
    std::vector<TextRow> rows{{"DAY", "DOMAIN", "MESSAGES", "ROWS", "TO", "FILE"}};
    for (const auto& [document, xml, mails] : all) {
        rows.push_back({document.day.to_string(), document.policy_domain, std::to_string(document.messages),
                        std::to_string(document.rows), "", xml.string()});
        for (const auto& mail : mails) rows.push_back({"", "", "", "", mail.address, mail.path.string()});
    }
    std::cout << text_table(rows);
}

void preview(const PreviewOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    if (settings->report.email.empty() || settings->report.org_name.empty()) {
        return fail(context, Error{"a report needs the settings report.email and report.org_name"});
    }
    const auto store = open_report_store(*settings, store::OpenMode::read_write, context);
    if (!store) return;
    Progress folding(std::cerr, errors_go_to_a_terminal(), "folding records");
    if (const auto done = fold_all(*store, folding); !done) return fail(context, done.error());
    const auto reports = store->open_reports(day_of(options.choice), domain_of(options.choice));
    if (!reports) return fail(context, reports.error());
    std::error_code failure;
    std::filesystem::create_directories(options.folder, failure);
    if (failure) return fail(context, Error{options.folder + ": " + failure.message()});

    Preview files(*store, *settings, options);
    Progress progress(std::cerr, errors_go_to_a_terminal(), "writing reports");
    std::uint64_t done = 0;
    for (const auto& report : *reports) {
        progress.update(done++, reports->size());
        if (const auto written = files.write(report); !written) return fail(context, written.error());
    }
    progress.finish();
    options.json ? print_json(files.files()) : print_text(files.files());
}

}  // namespace

void add_report_preview(CLI::App& report, Context& context) {
    const auto options = std::make_shared<PreviewOptions>();
    auto* command = report.add_subcommand(
        "preview", "Write the files and mails of the reports that are open; close and send nothing");
    add_choice(*command, options->choice);
    command->add_option("--folder", options->folder, "Where they are written")
        ->type_name("FOLDER")
        ->capture_default_str();
    add_now(*command, options->now);
    command->add_flag("--json", options->json, "For machines: an array of objects");
    command->callback([options, &context] { preview(*options, context); });
}

}  // namespace defender::ctl
