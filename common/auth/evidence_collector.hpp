/// EvidenceCollector: asks, as early as can be and all at once, for everything that one message's judgement
/// needs.
///
/// MAIL FROM starts SPF, a From field starts policy discovery, a DKIM-Signature field starts its key's
/// look-up, the end of the header those of an ARC chain; all of it runs in the background. take() then puts
/// the answers together. It decides nothing about the message. What either standard of DMARC needs is asked
/// for; what only RFC 9989's tree walks need is waited for where that standard is set, and otherwise kept as
/// far as it has come in.
///
/// Order of calls: mail_from(), header()*, end_of_headers(), body()*, when_all_is_in(), take(). For a client
/// whose messages are not judged (exemption_of) nothing is asked for, and the evidence holds only what the
/// message says.
///
/// Thread-safety: one message's calls come one after another, from any thread. Dropping a collector at any
/// time is safe; answers that come later are thrown away.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/auth/arc_validation.hpp"
#include "common/auth/dkim_verification.hpp"
#include "common/auth/dmarc_walk_lookups.hpp"
#include "common/auth/evidence.hpp"
#include "common/auth/public_suffix_list.hpp"
#include "common/auth/signed_message.hpp"
#include "common/auth/verifying_keys.hpp"
#include "common/config/settings.hpp"
#include "common/dns/resolver.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

/// What a collector asks and goes by; shared by all messages of one configuration.
struct EvidenceSources {
    std::shared_ptr<const config::Settings> settings;
    std::shared_ptr<dns::Resolver> resolver;
    std::shared_ptr<const PublicSuffixList> suffixes;
    std::shared_ptr<VerifyingKeys> keys = std::make_shared<VerifyingKeys>();
};

class EvidenceCollector {
  public:
    EvidenceCollector(std::shared_ptr<const EvidenceSources> sources, ClientEvidence client);
    ~EvidenceCollector();
    EvidenceCollector(const EvidenceCollector&) = delete;
    EvidenceCollector& operator=(const EvidenceCollector&) = delete;

    /// `address` as in the envelope, with or without angle brackets; `received_at` is the message's time.
    void mail_from(std::string_view address, UtcSeconds received_at);
    void header(mail::HeaderField field);
    void end_of_headers();
    [[nodiscard]] bool wants_body() const noexcept;
    void body(std::span<const char> octets);

    /// Calls `handler` once, when nothing is outstanding any more: perhaps at once, perhaps on the resolver's
    /// thread; milter.message_deadline after the end of the header at the latest. The handler must be quick
    /// and must not drop the last reference to the EvidenceSources.
    void when_all_is_in(std::function<void()> handler);
    /// Verifies the signatures and puts the evidence together. Call once, after when_all_is_in's handler has
    /// run.
    [[nodiscard]] Evidence take(std::string queue_id, unsigned draw);
    /// What sealing the message needs, after take(); nothing where no sealing is configured, where the
    /// message was not to be judged, and where a limit kept a part of its header away.
    [[nodiscard]] std::optional<ArcMessage> take_arc_message();

  private:
    class Answers;

    void start_spf(const mail::EnvelopeAddress& sender);
    void start_policy_discovery(const mail::Author& author);
    void start_tree_walks(const std::vector<DomainName>& authors, dns::Deadline deadline);
    void start_signatures();
    void take_tree_walks();
    [[nodiscard]] bool keep(const mail::HeaderField& field);
    [[nodiscard]] bool could_align(const DomainName& signing_domain) const;
    [[nodiscard]] std::string organizational_domain_of(std::string_view domain) const;
    void keep_author_addresses();
    void note_limits();
    void reached(std::string_view limit);

    std::shared_ptr<const EvidenceSources> sources_;
    std::shared_ptr<Answers> answers_;
    Evidence evidence_;
    mail::HeaderFields from_fields_;
    mail::Author author_;
    SignedMessage message_;
    std::unique_ptr<DkimVerification> dkim_;  ///< these two together, or neither
    std::unique_ptr<ArcValidation> arc_;
    std::optional<DomainName> spf_domain_;
    std::shared_ptr<DmarcWalkLookups> walks_;  ///< null before there is an author domain
    bool judged_ = true;
    std::uint64_t header_octets_ = 0;
    std::uint64_t header_fields_ = 0;
    std::uint64_t signatures_ = 0;  ///< DKIM-Signature fields within the limits
    bool header_is_whole_ = true;
};

}  // namespace defender::auth
