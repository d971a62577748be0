// defenderctl status: is the milter listening, and how are it and the store.
#include <iostream>

#include "common/base/utc_time.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/stores.hpp"
#include "ctl/commands.hpp"
#include "ctl/milter_status.hpp"

namespace defender::ctl {
namespace {

using store::Json;

constexpr std::chrono::seconds patience{5};

Json moment(const std::optional<UtcSeconds>& time) {
    return time ? Json(to_rfc3339(*time)) : Json();
}

Json store_status(const config::StoreSettings& settings) {
    Json out{{"path", settings.path}};
    auto store = store::open_records(settings, store::OpenMode::read_only);
    auto status = store ? store.value()->status() : Result<store::StoreStatus>(store.error());
    if (!status) {
        out["error"] = status.error().message;
        return out;
    }
    out["schema_version"] = status->schema_version;
    out["records"] = status->records;
    out["oldest"] = moment(status->oldest);
    out["newest"] = moment(status->newest);
    out["bytes"] = status->bytes;
    return out;
}

Result<Json> milter_status(const std::string& socket_path) {
    if (socket_path.empty()) return Error{"milter.status_socket is not set"};
    return ask_milter(socket_path, patience);
}

void print_text(const Json& status) {
    std::cout << "Milter: " << (status["listening"].get<bool>() ? "listening" : "not listening") << '\n'
              << status_text(status["milter"]) << "\nStore\n"
              << status_text(status["store"]);
}

void show_status(bool json, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    auto milter = milter_status(settings->milter.status_socket);
    const bool listening = milter.has_value();
    const Json status{
        {"listening", listening},
        {"milter", listening ? std::move(milter).value() : Json{{"error", milter.error().message}}},
        {"store", store_status(settings->store)}};
    json ? void(std::cout << store::json_text(status) << '\n') : print_text(status);
    context.exit_status = listening ? exit_done : exit_wrong;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
    const auto json = std::make_shared<bool>(false);
    auto* command = app.add_subcommand("status", "Listening, store, queue depths, DNS, last errors");
    command->add_flag("--json", *json, "For machines: one object");
    command->callback([json, &context] { show_status(*json, context); });
}

}  // namespace defender::ctl
