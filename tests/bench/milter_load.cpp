// milter_load: plays mail at one milter, or at several that an MTA would call in turn, as an MTA does, and
// prints what came of it as JSON.
//
//   milter_load messages --milter ADDRESS… --corpus FOLDER [--pid PID…] [--connections N] [--messages N] …
//   milter_load idle     --milter ADDRESS… --corpus FOLDER [--pid PID…] [--connections N] [--hold SECONDS] …
//   milter_load burst    --milter ADDRESS… --corpus FOLDER [--pid PID…] [--connections N] [--stage helo|body]
//   …
//
// ADDRESS is in libmilter's notation (unix:PATH, inet:PORT@HOST); mail_corpus.hpp says what a corpus is. The
// processes named by --pid, and all that descend from them, are those whose processor time and memory are
// told. Fails where a message was lost.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/bench/load_modes.hpp"

namespace {

using namespace defender::bench;

struct Arguments {
    Load load;
    std::string corpus;
    std::size_t skip = 0;
    std::size_t limit = 0;
    double hold = 10;
};

void add_options(CLI::App& mode, Arguments& arguments) {
    auto& load = arguments.load;
    mode.add_option("--milter", load.milters, "A milter; each hears of a message in this order")->required();
    mode.add_option("--pid", load.processes, "A process of theirs");
    mode.add_option("--corpus", arguments.corpus, "The folder of the messages")->required();
    mode.add_option("--skip", arguments.skip, "Messages of the corpus that are left out, from its first on");
    mode.add_option("--limit", arguments.limit, "Messages of the corpus that are played, in turn (0: all)");
    mode.add_option("--queue-ids", load.queue_ids, "What the queue ids begin with")->capture_default_str();
    mode.add_option("--connections", load.connections, "Sessions at a time")->check(CLI::PositiveNumber);
}

void add_stage(CLI::App& mode, Arguments& arguments) {
    const std::map<std::string, Stage> stages{{"helo", Stage::helo}, {"body", Stage::body}};
    mode.add_option("--stage", arguments.load.stage, "How far sessions are brought before they wait")
        ->transform(CLI::CheckedTransformer(stages));
}

/// As many descriptors as this process may have: each session needs one for each milter.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Plays mail at milters and prints what came of it as JSON");
    app.require_subcommand(1);
    Arguments arguments;
    arguments.load.queue_ids = "B";
    auto* messages = app.add_subcommand("messages", "So many messages, so many at a time");
    auto* idle = app.add_subcommand("idle", "Sessions that stand still");
    auto* burst = app.add_subcommand("burst", "Sessions that want their answers at one moment");
    for (auto* mode : {messages, idle, burst}) add_options(*mode, arguments);
    messages->add_option("--messages", arguments.load.messages, "How many")->check(CLI::PositiveNumber);
    messages->add_option("--per-connection", arguments.load.per_connection, "Messages of one connection")
        ->check(CLI::PositiveNumber);
    idle->add_option("--hold", arguments.hold, "Seconds");
    add_stage(*idle, arguments);
    add_stage(*burst, arguments);
    burst->add_option("--late", arguments.load.late_ms, "Milliseconds after which an answer is late");
    CLI11_PARSE(app, argc, argv);
    try {
        raise_descriptor_limit();
        auto& load = arguments.load;
        load.hold = std::chrono::duration<double>(arguments.hold);
        load.corpus = read_corpus(arguments.corpus, arguments.skip, arguments.limit);
        const auto out = messages->parsed() ? run_messages(load)
                         : idle->parsed()   ? run_idle(load)
                                            : run_burst(load);
        std::cout << out.dump(1) << '\n';
        return out.contains("problem") ? 1 : 0;
    } catch (const std::exception& problem) {
        std::cerr << "milter_load: " << problem.what() << '\n';
        return 1;
    }
}
