/// SpfLookups: what is known so far of one SPF evaluation: its identity, the answers of DNS, the records in
/// them.
///
/// Source: RFC 7208 sections 4.3 to 4.5, 5.5 and 7. The look-ahead (spf_lookahead.hpp) and the engine
/// (spf_engine.hpp) read the same object, so that what the one asks is what the other needs. Each reading
/// function appends to `missing` the questions whose answers it lacks; its result then means nothing. A name
/// that cannot be asked for is answered as one that does not exist (section 4.3). Thread-safety: none; one
/// owner at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/spf_check.hpp"
#include "common/auth/spf_macro.hpp"
#include "common/auth/spf_record.hpp"
#include "common/dns/resolver.hpp"

namespace defender::auth {

using MissingQuestions = std::vector<dns::Question>;

/// The domain to begin with, as A-labels; nothing where section 4.3 ends the check with "none". Characters
/// that DNS carries are let through, also where no mail domain has them.
[[nodiscard]] std::optional<std::string> initial_spf_domain(std::string_view domain);

/// The SPF record at one name (section 4.5).
struct SpfPublished {
    enum class State { found, none, several, malformed, tempfail };
    State state = State::none;
    bool no_answer = false;                   ///< none, because the name or its TXT records do not exist
    std::shared_ptr<const SpfRecord> record;  ///< only where found
    std::string problem;                      ///< for malformed and tempfail
};

/// The client's names that lead back to its address (section 5.5), at most 10 looked at.
struct SpfValidatedNames {
    std::vector<std::string> names;
    bool failed = false;  ///< a look-up failed temporarily, and the RFC has that skipped
};

/// A target name after macro expansion.
struct SpfTargetName {
    std::string text;
    bool failed = false;  ///< %{p} is "unknown" because a look-up failed temporarily
};

class SpfLookups {
  public:
    /// `domain` comes from initial_spf_domain().
    SpfLookups(const SpfIdentity& identity, std::string domain);

    void add(const dns::Question& question, dns::AnswerPtr answer);
    [[nodiscard]] bool knows(const dns::Question& question) const { return answers_.contains(question); }

    [[nodiscard]] const IpAddress& client() const noexcept { return values_.client; }
    [[nodiscard]] const std::string& domain() const noexcept { return values_.sender_domain; }

    /// Null where the answer is missing.
    [[nodiscard]] dns::AnswerPtr answer(const dns::Question& question, MissingQuestions& missing) const;
    [[nodiscard]] SpfPublished published(const std::string& name, MissingQuestions& missing);
    [[nodiscard]] SpfValidatedNames validated_names(MissingQuestions& missing) const;
    /// Expands a domain-spec met in the record of `current_domain`; the current domain itself where there is
    /// none.
    [[nodiscard]] SpfTargetName target_name(const std::optional<SpfMacroString>& spec,
                                            const std::string& current_domain,
                                            MissingQuestions& missing) const;
    /// True where the spec holds a local part that is not ASCII: such a term matches nothing (RFC 8616
    /// section 4).
    [[nodiscard]] bool never_matches(const std::optional<SpfMacroString>& spec) const noexcept;

    /// The question for the addresses of `name`, of the client's kind.
    [[nodiscard]] dns::Question address_question(const std::string& name) const;
    /// Those of an answer to address_question() that are of the client's kind.
    [[nodiscard]] std::vector<IpAddress> usable_addresses(const dns::Answer& answer) const;

  private:
    SpfPublished read_record(const dns::Answer& answer, const std::string& name) const;

    SpfMacroValues values_;
    bool ascii_local_part_ = true;
    std::map<dns::Question, dns::AnswerPtr> answers_;
    std::map<std::string, SpfPublished> published_;
};

/// "timeout asking TXT example.com".
[[nodiscard]] std::string describe_failure(const dns::Answer& answer, const dns::Question& question);

/// True where `name` is `domain` or below it; both as questions have them.
[[nodiscard]] bool is_same_or_below(const std::string& name, const std::string& domain) noexcept;

}  // namespace defender::auth
