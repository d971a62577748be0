// defenderctl migrate: brings the store to this program's schema.
#include <iostream>

#include "common/store/json_fields.hpp"
#include "common/store/stores.hpp"
#include "ctl/commands.hpp"

namespace defender::ctl {
namespace {

/// {"path","from","to"} of the file, {"database","from","to"} of PostgreSQL in "postgresql"; those that are
/// there.
store::Json to_json(const std::vector<store::MigratedStore>& migrated, const std::string& path) {
    auto out = store::Json::object();
    for (const auto& one : migrated) {
        const bool is_file = one.name == path;
        auto& place = is_file ? out : out["postgresql"];
        place[is_file ? "path" : "database"] = one.name;
        place["from"] = one.versions.from;
        place["to"] = one.versions.to;
    }
    return out;
}

void print_text(const store::MigratedStore& one) {
    std::cout << one.name << ": schema version " << one.versions.from;
    if (one.versions.from == one.versions.to) {
        std::cout << ", nothing to do\n";
    } else {
        std::cout << " -> " << one.versions.to << '\n';
    }
}

void migrate(bool json, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto migrated = store::migrate_stores(settings->store);
    if (!migrated) return fail(context, migrated.error());
    if (json) {
        std::cout << store::json_text(to_json(*migrated, settings->store.path)) << '\n';
    } else {
        for (const auto& one : *migrated) print_text(one);
    }
}

}  // namespace

void add_migrate(CLI::App& app, Context& context) {
    const auto json = std::make_shared<bool>(false);
    auto* command = app.add_subcommand("migrate", "Bring the store to this program's schema");
    command->add_flag("--json", *json, "For machines: one object");
    command->callback([json, &context] { migrate(*json, context); });
}

}  // namespace defender::ctl
