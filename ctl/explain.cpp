// defenderctl explain: what was decided about a message, from which evidence, by which rule.
#include <iostream>

#include "common/store/json_fields.hpp"
#include "common/store/stores.hpp"
#include "ctl/commands.hpp"
#include "ctl/explanation.hpp"
#include "ctl/sender_answer.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

struct ExplainOptions {
    std::string queue_id;
    bool answer = false;
    bool json = false;
};

void print_json(const std::vector<store::Record>& records) {
    store::Json all = store::Json::array();
    for (const auto& record : records) all.push_back(explanation_json(record));
    std::cout << store::json_text(all) << '\n';
}

void print_text(const std::vector<store::Record>& records,
                std::string (*text_of)(const store::Record& record)) {
    bool first = true;
    for (const auto& record : records) {
        if (!std::exchange(first, false)) std::cout << "\n----\n\n";
        std::cout << text_of(record);
    }
}

void explain(const ExplainOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    auto store = store::open_records(settings->store, store::OpenMode::read_only);
    if (!store) return fail(context, store.error());
    const auto records = store.value()->find(options.queue_id);
    if (!records) return fail(context, records.error());
    if (records->empty()) return fail(context, Error{"no message with queue id " + cell(options.queue_id)});
    options.json ? print_json(*records)
                 : print_text(*records, options.answer ? sender_answer : explanation_text);
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
    const auto options = std::make_shared<ExplainOptions>();
    auto* command =
        app.add_subcommand("explain", "What was decided about a message, from which evidence, and why");
    command
        ->add_option("queue-id", options->queue_id, "The MTA's queue id, as it stands in replies and the log")
        ->required();
    auto* answer = command->add_flag("--answer", options->answer,
                                     "Text for an answer to the sender: what was done, why, what to mend");
    command->add_flag("--json", options->json, "For machines: an array of records, the newest first")
        ->excludes(answer);
    command->callback([options, &context] { explain(*options, context); });
}

}  // namespace defender::ctl
