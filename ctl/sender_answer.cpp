#include "ctl/sender_answer.hpp"

#include <string_view>
#include <vector>

#include "common/auth/alignment.hpp"
#include "common/auth/applied_policy.hpp"
#include "common/base/text.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

using auth::Action;
using auth::DkimResult;
using auth::DmarcResult;
using auth::SpfResult;

constexpr std::size_t line_octets = 76;

/// Words in lines of `line_octets`; the first line begins with `lead`, the others with as many blanks.
std::string wrapped(const std::string& lead, const std::string& words) {
    const std::string blanks(lead.size(), ' ');
    std::string out;
    std::string line = lead;
    for (const auto word : text::split(words, ' ')) {
        const bool begun = line.size() > lead.size();
        if (begun && line.size() + 1 + word.size() > line_octets) {
            out += line + '\n';
            line = blanks;
        } else if (begun) {
            line += ' ';
        }
        line += word;
    }
    return out + line + '\n';
}

std::string paragraph(const std::string& words) {
    return wrapped("", words) + '\n';
}

std::string items(const std::string& heading, const std::vector<std::string>& list) {
    if (list.empty()) return {};
    std::string out = heading + "\n";
    for (const auto& words : list) out += wrapped("  - ", words);
    return out + '\n';
}

std::string because(const std::string& reason) {
    return reason.empty() ? std::string() : " (" + cell(reason) + ")";
}

/// The deciding author domain with all that the text says of it.
struct Case {
    const auth::Evidence& evidence;
    const auth::DomainJudgement& domain;
    auth::PolicyEvidence policy;
    config::DmarcStandard standard{};
    std::string author;
    std::string client;

    [[nodiscard]] bool belongs(const auth::Identifier& identifier, auth::AlignmentMode mode) const {
        return auth::alignment(identifier, policy, mode, evidence, standard) == auth::AlignmentResult::yes;
    }
    [[nodiscard]] bool belongs(const auth::SpfEvidence& spf) const {
        return belongs(auth::identifier(spf), policy.record.spf_alignment);
    }
    [[nodiscard]] bool belongs(const auth::DkimEvidence& dkim) const {
        return belongs(auth::identifier(dkim), policy.record.dkim_alignment);
    }
};

std::string what_was_done(Action action) {
    switch (action) {
        case Action::accept:
            return "It was accepted.";
        case Action::tag:
            return "It was accepted, but marked as suspicious.";
        case Action::hold:
            return "It was not delivered, but held back for somebody to look at.";
        case Action::reject:
            return "It was refused, and whoever sent it was told so.";
        case Action::tempfail:
            return "It was not taken for the time being; a mail server tries again by itself.";
    }
    return {};
}

/// Records keep no local parts where store.addresses says so.
std::string address_text(const std::string& address) {
    return address.starts_with('@') ? "an address at " + address.substr(1) : address;
}

std::string about(const store::Record& record) {
    const auto& evidence = record.evidence;
    std::string from;
    for (const auto& address : evidence.author_addresses) {
        from += (from.empty() ? "" : ", ") + address_text(address);
    }
    const auto sender =
        evidence.mail_from.empty() ? std::string("the empty address") : address_text(evidence.mail_from);
    std::string client = evidence.client.local ? "a local program" : evidence.client.address.to_string();
    if (!evidence.client.name.empty()) client += " (" + evidence.client.name + ")";
    return paragraph("This is about the message " + (from.empty() ? "" : "from " + cell(from) + " ") +
                     "that reached us on " + to_rfc3339(evidence.received_at) + " from " + cell(client) +
                     ", with the envelope sender " + cell(sender) + ". Our reference is " +
                     cell(evidence.queue_id) + ". " + what_was_done(record.judgement.action));
}

std::string asks_for(auth::Policy policy) {
    switch (policy) {
        case auth::Policy::reject:
            return "to refuse such mail";
        case auth::Policy::quarantine:
            return "to treat such mail as suspicious";
        case auth::Policy::none:
            return "only to report such mail";
    }
    return {};
}

std::string why_otherwise(auth::OverrideType type) {
    switch (type) {
        case auth::OverrideType::forwarded:
            return "it seems to have been forwarded";
        case auth::OverrideType::trusted_forwarder:
            return "it came by a forwarder that we know";
        case auth::OverrideType::mailing_list:
            return "it seems to have come by a mailing list";
        case auth::OverrideType::sampled_out:
            return "the policy asks for this of a part of such mail only";
        case auth::OverrideType::policy_test_mode:
            return "the domain is still testing its policy";
        case auth::OverrideType::local_policy:
        case auth::OverrideType::other:
            return "our own rules say so";
    }
    return {};
}

std::string whose_policy(const Case& c) {
    std::string words = "The domain " + cell(c.policy.policy_domain) +
                        " publishes a DMARC policy for mail in the name of " + c.author + ": \"" +
                        cell(c.policy.record_text) + "\". It asks receivers " + asks_for(c.domain.requested) +
                        " where it cannot be shown to come from there.";
    for (const auto& applied : c.domain.overrides) {
        const auto otherwise = " We did otherwise, as " + why_otherwise(applied.type) + ".";
        if (words.find(otherwise) == std::string::npos) words += otherwise;
    }
    return paragraph(words);
}

std::string spf_finding(const auth::SpfEvidence& spf, const Case& c) {
    const auto domain = cell(spf.domain);
    switch (spf.result) {
        case SpfResult::pass:
            return "SPF: " + c.client + " may send mail for " + domain + ", but that is the domain of the" +
                   " envelope sender, not that of the author, " + c.author + ".";
        case SpfResult::fail:
            return "SPF: the record of " + domain + " says that " + c.client + " may not send its mail.";
        case SpfResult::softfail:
            return "SPF: the record of " + domain + " says that " + c.client + " should not send its mail.";
        case SpfResult::neutral:
            return "SPF: the record of " + domain + " does not say whether " + c.client +
                   " may send its mail.";
        case SpfResult::none:
            return "SPF: " + domain + " has no SPF record.";
        case SpfResult::temperror:
            return "SPF: the record of " + domain + " could not be had from DNS" + because(spf.reason) + ".";
        case SpfResult::permerror:
            return "SPF: the record of " + domain + " is not valid" + because(spf.reason) + ".";
    }
    return {};
}

std::string dkim_finding(const auth::DkimEvidence& dkim, const Case& c) {
    const auto signature =
        "DKIM: the signature of " + cell(dkim.domain) + " (selector " + cell(dkim.selector) + ") ";
    if (dkim.result == DkimResult::temperror) {
        return signature + "could not be checked, as its key could not be had from DNS" +
               because(dkim.reason) + ".";
    }
    if (dkim.result != DkimResult::pass) return signature + "is not valid" + because(dkim.reason) + ".";
    if (!c.belongs(dkim))
        return signature + "is valid, but that is not the author's domain, " + c.author + ".";
    if (dkim.testing) return signature + "does not count, as its key is marked as a test (t=y).";
    return signature + "does not count, as it covers only a part of the message (l=).";
}

std::vector<std::string> findings(const Case& c) {
    std::vector<std::string> list;
    for (const auto& spf : c.evidence.spf) {
        if (spf.scope == auth::SpfScope::mail_from) list.push_back(spf_finding(spf, c));
    }
    if (c.evidence.dkim.empty()) list.emplace_back("DKIM: the message has no signature.");
    for (const auto& dkim : c.evidence.dkim) list.push_back(dkim_finding(dkim, c));
    return list;
}

void mend_spf(const Case& c, std::vector<std::string>& list) {
    for (const auto& spf : c.evidence.spf) {
        if (spf.scope != auth::SpfScope::mail_from) continue;
        if (spf.result == SpfResult::permerror) {
            list.push_back("Correct the SPF record of " + cell(spf.domain) + ".");
        } else if (spf.result != SpfResult::temperror && c.belongs(spf)) {
            list.push_back("If " + c.client + " sends with your consent, name it in the SPF record of " +
                           cell(spf.domain) + ".");
        }
    }
}

void mend_dkim(const Case& c, std::vector<std::string>& list) {
    bool own = false;
    for (const auto& dkim : c.evidence.dkim) {
        if (!c.belongs(dkim)) continue;
        own = true;
        if (dkim.result == DkimResult::temperror) continue;
        if (dkim.result == DkimResult::pass) {
            list.push_back(dkim.testing ? "Take t=y out of the key at " + cell(dkim.selector) +
                                              "._domainkey." + cell(dkim.domain) + "."
                                        : std::string("Sign whole messages, without l=."));
            continue;
        }
        list.push_back("See why the signature of " + cell(dkim.domain) +
                       " fails: mostly something changed the message after it was signed, or the key at " +
                       cell(dkim.selector) + "._domainkey." + cell(dkim.domain) +
                       " is not the one that it was signed with.");
    }
    if (!own) list.push_back("Have the sending server sign with DKIM, with d=" + c.author + ".");
}

std::vector<std::string> mends(const Case& c) {
    std::vector<std::string> list;
    mend_dkim(c, list);
    mend_spf(c, list);
    if (!c.evidence.list_id.empty()) {
        list.push_back("The message came by the mailing list " + cell(c.evidence.list_id) +
                       ": its operator can keep signatures whole, or put the list's own address into From.");
    }
    list.push_back("If nobody at " + c.author + " knows the server " + c.client +
                   ", somebody else used the name of the domain, and there is nothing to mend.");
    return list;
}

std::string of_failure(const Case& c) {
    return whose_policy(c) + items("What we found:", findings(c)) +
           items("What the sender, or who looks after " + c.author + ", can do:", mends(c));
}

std::string of_temporary_error(const Case& c) {
    auto failures = findings(c);
    if (!c.policy.failure.empty()) failures.push_back("DMARC: " + cell(c.policy.failure) + ".");
    return paragraph("Whether it comes from " + c.author +
                     " could not be told, as DNS gave no answer to some questions. No policy was applied.") +
           items("What we found:", failures) +
           items("What can be done:", {"Try again later. Where it goes on, who looks after " + c.author +
                                       " should see whether its DNS servers answer."});
}

std::string of_malformed_author(const auth::Evidence& evidence) {
    return paragraph("Its From field does not name its author in a way that can be checked" +
                     because(evidence.author_reason) + ". Our own rules decide about such mail.") +
           items("What the sender can do:",
                 {"Send messages with exactly one From field, with a full address such as ann@example.com."});
}

/// The policy by the standard that the domain was judged by, also where there is none or DNS failed.
auth::PolicyEvidence policy_of(const auth::Evidence& evidence, const auth::DomainJudgement& domain) {
    for (const auto& policy : evidence.policies) {
        if (policy.author_domain == domain.author_domain) {
            return auth::policy_by(domain.discovery, policy, evidence);
        }
    }
    return {};
}

std::string of_author_domain(const store::Record& record) {
    const auto& evidence = record.evidence;
    const auto& domain = record.judgement.domains[record.judgement.deciding];
    const auto author = cell(domain.author_domain);
    if (domain.result == DmarcResult::pass) return paragraph("It was shown to come from " + author + ".");
    if (domain.result == DmarcResult::none) {
        return paragraph("The domain " + author + " has no DMARC policy, so none was applied.");
    }
    const Case c{evidence,
                 domain,
                 policy_of(evidence, domain),
                 domain.discovery == auth::DiscoveryMethod::treewalk ? config::DmarcStandard::rfc9989
                                                                     : config::DmarcStandard::rfc7489,
                 author,
                 evidence.client.address.to_string()};
    return domain.result == DmarcResult::fail ? of_failure(c) : of_temporary_error(c);
}

std::string reasons(const store::Record& record) {
    if (!record.error.empty()) return paragraph("A fault on our side kept us from checking it.");
    if (record.judgement.exemption != auth::Exemption::no) {
        return paragraph("It was not checked, as we trust the server that sent it.");
    }
    if (record.evidence.author_status != mail::AuthorStatus::ok) return of_malformed_author(record.evidence);
    if (record.judgement.deciding >= record.judgement.domains.size()) return {};
    return of_author_domain(record);
}

}  // namespace

std::string sender_answer(const store::Record& record) {
    auto text = about(record) + reasons(record);
    text.pop_back();
    return text;
}

}  // namespace defender::ctl
