/// Asker: an AresResolver with a thread of its own that asks scripted servers, for tests; and replies that
/// many scripts give.
#pragma once

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/dns/ares_resolver.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/dns_server.hpp"

namespace defender::testing {

inline dns::AresOptions options_for(std::initializer_list<const DnsServer*> servers) {
    dns::AresOptions options;
    for (const auto* server : servers) options.servers.push_back(server->address());
    // Long enough that a busy machine answers within it; tests of silence shorten it.
    options.try_timeout = std::chrono::seconds(10);
    options.total_timeout = std::chrono::seconds(25);
    return options;
}

inline dns::AresOptions impatient(dns::AresOptions options) {
    options.try_timeout = std::chrono::milliseconds(400);
    return options;
}

struct Asker {
    explicit Asker(const dns::AresOptions& options) : resolver(thread, options) {}
    dns::AnswerPtr ask(std::string_view name, dns::RecordType type = dns::RecordType::txt) {
        return testing::ask(resolver, name, type);
    }
    dns::EventThread thread;
    dns::AresResolver resolver;
};

inline ServerReplies found(const ServerQuery& query, const std::string& text = "ok") {
    return send(query.reply().answer(query.wire_name, query.type, 60, txt({text})));
}

inline ServerReplies code(const ServerQuery& query, unsigned rcode) {
    return send(query.reply().rcode(rcode));
}

}  // namespace defender::testing
