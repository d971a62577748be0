/// Reply: what the MTA is told about one message, and which header edits it is to make.
///
/// Made from the evidence, the judgement and the settings by a pure function. Source: RFC 5321 section 4.2
/// and RFC 3463 (reply codes), RFC 7489 section 10.3 (refusing in the SMTP session), RFC 8601 section 5
/// (header edits). Thread-safety: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"
#include "common/config/settings.hpp"
#include "common/mail/header_field.hpp"

namespace defender::milter {

struct Reply {
    auth::Action action = auth::Action::accept;
    std::string code;           ///< "550" or "451"; empty unless refused
    std::string enhanced_code;  ///< "5.7.1" or "4.7.1"; empty unless refused
    std::string text;           ///< of the refusal, or the reason for the MTA's hold queue; printable ASCII
    /// Authentication-Results fields to delete: positions among the fields of that name, last first.
    std::vector<unsigned> delete_positions;
    std::optional<mail::HeaderField> authentication_results;  ///< to stand first in the header
    mail::HeaderFields arc_set;  ///< to stand right below that, in this order; none where we do not seal
    std::optional<mail::HeaderField> tag;  ///< to be added
};

/// `forged` are the positions of Authentication-Results fields that claim to be ours
/// (mail::forged_positions).
[[nodiscard]] Reply reply_for(const auth::Evidence& evidence, const auth::Judgement& judgement,
                              const config::Settings& settings, std::vector<unsigned> forged);

/// The answer where something unexpected happened inside the filter (milter.on_error).
[[nodiscard]] Reply reply_on_error(config::OnError on_error, const std::string& queue_id);

/// "550 5.7.1 text" for records and logs; empty unless refused.
[[nodiscard]] std::string smtp_text(const Reply& reply);

/// Text of a refusal as the MTA wants it: Sendmail takes it as a format, so '%' is doubled; Postfix undoes
/// that.
[[nodiscard]] std::string text_for_mta(std::string_view text);

/// One change of the header.
struct HeaderEdit {
    enum class Kind { remove, insert_on_top, add };
    Kind kind{};
    std::string name;
    std::string value;      ///< folds as LF, as the milter protocol has them
    unsigned position = 0;  ///< of `remove`: among the fields of that name, from 1
};

/// The changes that a reply asks for, to be made in this order.
[[nodiscard]] std::vector<HeaderEdit> header_edits(const Reply& reply);

}  // namespace defender::milter
