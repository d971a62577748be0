#include "common/auth/arc_sealing.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/auth/base64.hpp"
#include "common/auth/signed_header.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t line_octets = 72;
/// Of one name in h=; more fields of that name are signed from the bottom up only so far.
constexpr std::ptrdiff_t most_of_one_name = 10;

constexpr std::array signed_names = {"from",
                                     "reply-to",
                                     "subject",
                                     "date",
                                     "to",
                                     "cc",
                                     "message-id",
                                     "in-reply-to",
                                     "references",
                                     "mime-version",
                                     "content-type",
                                     "content-transfer-encoding",
                                     "list-id",
                                     "list-unsubscribe",
                                     "list-unsubscribe-post",
                                     "list-post",
                                     "list-help",
                                     "list-subscribe",
                                     "list-owner",
                                     "list-archive",
                                     "dkim-signature"};

std::vector<std::string> fields_to_sign(const mail::HeaderFields& header) {
    std::vector<std::string> names;
    for (const std::string_view name : signed_names) {
        const auto count = std::count_if(header.begin(), header.end(), [&](const mail::HeaderField& field) {
            return text::iequals(text::trim(field.name), name);
        });
        const auto times = std::min(count, most_of_one_name) + (name == "from" ? 1 : 0);
        names.insert(names.end(), static_cast<std::size_t>(times), std::string(name));
    }
    return names;
}

/// h=, folded between names.
std::string name_list(const std::vector<std::string>& names) {
    std::string list;
    std::size_t line = 0;
    for (const auto& name : names) {
        if (!list.empty()) list += ':';
        if (line + name.size() > line_octets) {
            list += "\r\n\t";
            line = 0;
        }
        list += name;
        line += name.size() + 1;
    }
    return list;
}

std::string folded(const std::string& base64) {
    std::string out;
    for (std::size_t at = 0; at < base64.size(); at += line_octets)
        out += "\r\n\t" + base64.substr(at, line_octets);
    return out;
}

/// cv= by what validation found (RFC 8617 section 5.1).
std::string_view chain_status(const ArcMessage& message) {
    if (!message.chain.present) return "none";
    return message.result == ArcResult::pass ? "pass" : "fail";
}

bool can_be_sealed(const ArcMessage& message) {
    return !message.chain.ended && message.chain.highest < max_arc_instance &&
           message.result != ArcResult::temperror;
}

}  // namespace

Result<std::shared_ptr<const ArcSealer>> ArcSealer::load(const config::ArcSettings& settings) {
    if (settings.domain.empty()) return std::shared_ptr<const ArcSealer>();
    std::ifstream file(settings.key_file, std::ios::binary);
    if (!file) return Error{"cannot read " + settings.key_file + " (arc.key_file)"};
    const std::string pem(std::istreambuf_iterator<char>(file), {});
    auto key = SigningKey::parse(pem);
    if (!key) {
        return Error{"cannot seal with " + settings.key_file + " (arc.key_file): " + key.error().message};
    }
    return std::shared_ptr<const ArcSealer>(
        std::make_shared<ArcSealer>(settings.domain, settings.selector, std::move(*key)));
}

std::string ArcSealer::signed_by(const std::string& instance, UtcSeconds now) const {
    return " i=" + instance + "; a=" + std::string(to_string(key_.algorithm())) + "; d=" + domain_ +
           "; s=" + selector_ + "; t=" + std::to_string(now) + ";";
}

mail::HeaderField ArcSealer::sign_message(const ArcMessage& message, const std::string& instance,
                                          UtcSeconds now) const {
    const auto names = fields_to_sign(message.header);
    mail::HeaderField field{"ARC-Message-Signature",
                            signed_by(instance, now) + "\r\n\tc=relaxed/relaxed; h=" + name_list(names) +
                                ";\r\n\tbh=" + encode_base64(message.body_hash) + ";\r\n\tb="};
    const auto digest =
        SignedHeader(message.header).signature_digest(names, Canonicalization::relaxed, field);
    field.value += folded(encode_base64(key_.sign(digest)));
    return field;
}

mail::HeaderFields ArcSealer::seal(const ArcMessage& message, const mail::AuthenticationResults& results,
                                   UtcSeconds now) const {
    if (!can_be_sealed(message)) return {};
    const auto instance = std::to_string(message.chain.highest + 1);
    mail::HeaderField sealed_results{"ARC-Authentication-Results",
                                     " i=" + instance + ";" + mail::encode(results)};
    auto signature = sign_message(message, instance, now);
    mail::HeaderField seal{
        "ARC-Seal", signed_by(instance, now) + " cv=" + std::string(chain_status(message)) + ";\r\n\tb="};
    // A chain that fails has no sets: then the seal covers its own set alone (section 5.1.2).
    static const std::vector<ArcSet> none;
    const auto& before = message.result == ArcResult::pass ? message.chain.sets : none;
    const auto digest = new_seal_digest(message.header, before, sealed_results, signature, seal);
    seal.value += folded(encode_base64(key_.sign(digest)));
    return {std::move(seal), std::move(signature), std::move(sealed_results)};
}

}  // namespace defender::auth
