// defenderctl: the operator's tool. Parses the command line; each subcommand is a file of its own.
#include <exception>
#include <iostream>

#include "ctl/commands.hpp"
#include "ctl/stats_command.hpp"

namespace {

int run(int argc, char** argv) {
    defender::ctl::Context context;
    CLI::App app{"Looks at and maintains Defender, the receiving gateway for mail authentication.",
                 "defenderctl"};
    app.set_version_flag("--version", "defenderctl " DEFENDER_VERSION);
    app.add_option("-c,--config", context.config_path, "The settings")
        ->type_name("FILE")
        ->default_val(defender::ctl::default_config_path);
    app.require_subcommand(1);
    defender::ctl::add_check(app, context);
    defender::ctl::add_explain(app, context);
    defender::ctl::add_what_if(app, context);
    defender::ctl::add_report(app, context);
    defender::ctl::add_forwarders(app, context);
    defender::ctl::add_stats(app, context);
    defender::ctl::add_status(app, context);
    defender::ctl::add_migrate(app, context);
    defender::ctl::add_expire(app, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? defender::ctl::exit_done : defender::ctl::exit_usage;
    }
    return context.exit_status;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "defenderctl: " << error.what() << '\n';
        return defender::ctl::exit_wrong;
    }
}
