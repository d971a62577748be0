#include "common/auth/spf_lookahead.hpp"

#include <algorithm>

namespace defender::auth {
namespace {

class Walk {
  public:
    explicit Walk(SpfLookups& lookups) : lookups_(lookups) {}

    // False where no term behind this record can count any more.
    bool record_at(const std::string& domain) {
        MissingQuestions missing;
        const auto published = lookups_.published(domain, missing);
        if (add(missing)) return true;
        if (published.state != SpfPublished::State::found) return false;
        for (const auto& term : published.record->terms) {
            if (term.mechanism == SpfMechanism::all || network_matches(term, lookups_.client())) return true;
            if (costs_lookup(term.mechanism) && (!count() || !term_at(term, domain))) return false;
        }
        const auto& redirect = published.record->redirect;
        return !redirect || (count() && redirect_to(*redirect, domain));
    }

    MissingQuestions take() { return std::move(found_); }

  private:
    bool count() { return ++terms_ <= max_spf_terms; }

    bool add(MissingQuestions& missing) {
        found_.insert(found_.end(), missing.begin(), missing.end());
        return !missing.empty();
    }

    bool redirect_to(const SpfRedirect& redirect, const std::string& domain) {
        MissingQuestions missing;
        const auto target = lookups_.target_name(redirect.domain, domain, missing);
        return add(missing) || record_at(target.text);
    }

    bool term_at(const SpfTerm& term, const std::string& domain) {
        if (lookups_.never_matches(term.domain)) return true;
        MissingQuestions missing;
        const auto target = lookups_.target_name(term.domain, domain, missing);
        if (term.mechanism == SpfMechanism::ptr) (void)lookups_.validated_names(missing);
        if (add(missing)) return true;
        switch (term.mechanism) {
            case SpfMechanism::include:
                return record_at(target.text);
            case SpfMechanism::a:
                return ask(lookups_.address_question(target.text));
            case SpfMechanism::exists:
                return ask(dns::question(target.text, dns::RecordType::a));
            case SpfMechanism::mx:
                return exchanges_of(dns::question(target.text, dns::RecordType::mx));
            default:
                return true;
        }
    }

    bool ask(const dns::Question& question) {
        MissingQuestions missing;
        (void)lookups_.answer(question, missing);
        add(missing);
        return true;
    }

    bool exchanges_of(const dns::Question& question) {
        MissingQuestions missing;
        const auto answer = lookups_.answer(question, missing);
        if (add(missing)) return true;
        if (answer->exchanges.size() > max_spf_exchanges) return false;
        return std::all_of(answer->exchanges.begin(), answer->exchanges.end(), [&](const auto& exchange) {
            return ask(lookups_.address_question(exchange.host));
        });
    }

    SpfLookups& lookups_;
    unsigned terms_ = 0;
    MissingQuestions found_;
};

}  // namespace

MissingQuestions questions_ahead(SpfLookups& lookups) {
    Walk walk(lookups);
    walk.record_at(lookups.domain());
    return walk.take();
}

}  // namespace defender::auth
