// defenderctl migrate: brings the store to this program's schema.
#include <iostream>

#include "common/store/json_fields.hpp"
#include "common/store/sqlite_store.hpp"
#include "ctl/commands.hpp"

namespace defender::ctl {
namespace {

void migrate(bool json, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto& path = settings->store.path;
    const auto done = store::migrate_sqlite_store(path);
    if (!done) return fail(context, done.error());
    if (json) {
        std::cout << store::json_text({{"path", path}, {"from", done->from}, {"to", done->to}}) << '\n';
    } else if (done->from == done->to) {
        std::cout << path << ": schema version " << done->to << ", nothing to do\n";
    } else {
        std::cout << path << ": schema version " << done->from << " -> " << done->to << '\n';
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
