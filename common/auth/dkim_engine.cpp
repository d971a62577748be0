#include "common/auth/dkim_engine.hpp"

// The library's header is C99 and clang's <stdbool.h> knows no _Bool in standard C++.
#ifndef _Bool
#define _Bool bool
#endif
extern "C" {
#include <opendkim/dkim.h>
}

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

/// libopendkim writes one pointer past its list of fields where a signature covers every field of the message
/// and names one more. A name with a blank in it can be in no h=, so with this field there is always one not
/// covered.
constexpr std::string_view never_signed = "not signed: ";

struct LibraryDeleter {
    void operator()(DKIM_LIB* library) const noexcept { dkim_close(library); }
};
struct MessageDeleter {
    void operator()(DKIM* message) const noexcept { dkim_free(message); }
};

template <typename T>
void set_option(DKIM_LIB* library, dkim_opts_t option, T value) {
    if (dkim_options(library, DKIM_OP_SETOPT, option, &value, sizeof value) != DKIM_STAT_OK)
        throw std::runtime_error("libopendkim does not take option " + std::to_string(option));
}

/// The library never changes what it is given here, though its prototypes do not say so.
u_char* octets_of(std::string_view s) {
    return reinterpret_cast<u_char*>(const_cast<char*>(s.data()));
}

/// A signature in the library's list, and the key text that it gets.
struct ListedSignature {
    DKIM_SIGINFO* info = nullptr;  ///< null where the library has no signature for this field
    std::string key_text;
};

using ListedSignatures = std::vector<ListedSignature>;

/// libopendkim's question for a key, asked from dkim_eom().
DKIM_CBSTAT give_key(DKIM* dkim, DKIM_SIGINFO* info, u_char* buffer, std::size_t size) noexcept {
    const auto* all = static_cast<const ListedSignatures*>(dkim_get_user_context(dkim));
    const auto listed =
        std::find_if(all->begin(), all->end(), [&](const auto& each) { return each.info == info; });
    const bool fits = listed != all->end() && !listed->key_text.empty() && listed->key_text.size() < size;
    if (!fits) return DKIM_CBSTAT_NOTFOUND;
    std::memcpy(buffer, listed->key_text.c_str(), listed->key_text.size() + 1);
    return DKIM_CBSTAT_CONTINUE;
}

/// The known tags of a signature as the library read them, in the form of DkimSignature::tag_values.
std::string tag_values_of(DKIM_SIGINFO* info) {
    std::string values;
    for (const char* name : dkim_known_tags) {
        const u_char* value = dkim_sig_gettagvalue(info, false, octets_of(name));
        if (value) values += reinterpret_cast<const char*>(value);
        values += ';';
    }
    return values;
}

DkimFault verdict_of_error(int error) {
    switch (error) {
        case DKIM_SIGERROR_BADSIG:
            return {DkimResult::fail, "signature did not verify"};
        case DKIM_SIGERROR_TOOLARGE_L:
            return {DkimResult::fail, "l= is larger than the body"};
        case DKIM_SIGERROR_EXPIRED:
            return {DkimResult::permerror, "the signature has expired"};
        case DKIM_SIGERROR_FUTURE:
            return {DkimResult::permerror, "t= is too far in the future"};
        case DKIM_SIGERROR_DOMAIN:
            return {DkimResult::permerror, "i= is outside d="};
        case DKIM_SIGERROR_KEYDECODE:
            return {DkimResult::permerror, "the key cannot be used"};
        default:
            break;
    }
    const char* text = dkim_sig_geterrorstr(error);
    return {DkimResult::neutral, std::string("libopendkim: ") + (text ? text : "unknown error")};
}

DkimFault verdict_of(const ListedSignature& listed, DKIM_STAT status) {
    const bool exhausted = status == DKIM_STAT_NORESOURCE || status == DKIM_STAT_INTERNAL;
    if (exhausted) return {DkimResult::temperror, "libopendkim could not finish"};
    if (!listed.info) return {DkimResult::neutral, "libopendkim could not read the signature"};
    const int error = dkim_sig_geterror(listed.info);
    const bool passed = (dkim_sig_getflags(listed.info) & DKIM_SIGFLAG_PASSED) != 0;
    const int body_hash = dkim_sig_getbh(listed.info);
    // Where nothing was processed the body hash reads "match": all three must agree.
    if (passed && body_hash == DKIM_SIGBH_MATCH && error == DKIM_SIGERROR_OK) return {DkimResult::pass, ""};
    if (passed && body_hash == DKIM_SIGBH_MISMATCH) return {DkimResult::fail, "body hash did not verify"};
    return verdict_of_error(error);
}

}  // namespace

struct DkimLibrary::Handle {
    std::unique_ptr<DKIM_LIB, LibraryDeleter> library;
};

class DkimEngine::Message {
  public:
    explicit Message(std::shared_ptr<const DkimLibrary> library)
        : library_(std::move(library)),
          // The identifier must outlive the message; it is for the library's own logging, which is not used.
          dkim_(dkim_verify(library_->handle().library.get(), octets_of("message"), nullptr, &status_)) {
        if (dkim_) dkim_set_user_context(dkim_.get(), &listed_);
    }

    void header(const mail::HeaderField& field) { feed(field.name + ":" + field.value); }
    void end_of_headers(std::vector<std::string> signatures);
    void body(std::span<const char> octets);
    [[nodiscard]] std::vector<DkimFault> finish(const std::vector<std::string>& key_texts);

  private:
    void feed(std::string_view field);
    void list_signatures(std::vector<std::string> signatures);

    std::shared_ptr<const DkimLibrary> library_;
    DKIM_STAT status_ = DKIM_STAT_OK;
    std::unique_ptr<DKIM, MessageDeleter> dkim_;
    ListedSignatures listed_;
};

/// A field that the library refuses is one that no signature can cover, or a signature that it cannot read;
/// the latter shows when the signatures are listed.
void DkimEngine::Message::feed(std::string_view field) {
    if (dkim_) dkim_header(dkim_.get(), octets_of(field), field.size());
}

void DkimEngine::Message::end_of_headers(std::vector<std::string> signatures) {
    feed(never_signed);
    if (dkim_) dkim_eoh(dkim_.get());
    list_signatures(std::move(signatures));
}

/// The library lists every DKIM-Signature field that it got, in order, those among them that were only given
/// to be hashed. Their tags tell which is which.
void DkimEngine::Message::list_signatures(std::vector<std::string> signatures) {
    DKIM_SIGINFO** infos = nullptr;
    int count = 0;
    listed_.resize(signatures.size());
    if (!dkim_ || dkim_getsiglist(dkim_.get(), &infos, &count) != DKIM_STAT_OK) return;
    std::size_t next = 0;
    for (int at = 0; at < count; ++at) {
        if (next < signatures.size() && signatures[next] == tag_values_of(infos[at])) {
            listed_[next++].info = infos[at];
        } else {
            dkim_sig_ignore(infos[at]);
        }
    }
}

void DkimEngine::Message::body(std::span<const char> octets) {
    if (dkim_ && !octets.empty())
        dkim_body(dkim_.get(), octets_of({octets.data(), octets.size()}), octets.size());
}

std::vector<DkimFault> DkimEngine::Message::finish(const std::vector<std::string>& key_texts) {
    for (std::size_t at = 0; at < listed_.size(); ++at) {
        listed_[at].key_text = key_texts[at];
        if (listed_[at].info && key_texts[at].empty()) dkim_sig_ignore(listed_[at].info);
    }
    status_ = dkim_ ? dkim_eom(dkim_.get(), nullptr) : DKIM_STAT_NORESOURCE;
    std::vector<DkimFault> verdicts;
    for (const auto& listed : listed_) verdicts.push_back(verdict_of(listed, status_));
    return verdicts;
}

DkimEngine::DkimEngine(std::shared_ptr<const DkimLibrary> library)
    : message_(std::make_unique<Message>(std::move(library))) {}
DkimEngine::~DkimEngine() = default;

void DkimEngine::header(const mail::HeaderField& field) {
    message_->header(field);
}
void DkimEngine::end_of_headers(std::vector<std::string> signatures) {
    message_->end_of_headers(std::move(signatures));
}
void DkimEngine::body(std::span<const char> octets) {
    message_->body(octets);
}
std::vector<DkimFault> DkimEngine::finish(const std::vector<std::string>& key_texts) {
    return message_->finish(key_texts);
}

/// Keys are served at the end of the message (DELAYSIGPROC), and a signature that the library cannot read
/// keeps its place in the list (BADSIGHANDLES). Its checks of key size and clock are set so wide that ours
/// decide.
DkimLibrary::DkimLibrary() : handle_(std::make_unique<Handle>()) {
    handle_->library.reset(dkim_init(nullptr, nullptr));
    auto* library = handle_->library.get();
    if (!library) throw std::runtime_error("libopendkim cannot be set up");
    if (!dkim_libfeature(library, DKIM_FEATURE_SHA256) || !dkim_libfeature(library, DKIM_FEATURE_ED25519))
        throw std::runtime_error("libopendkim was built without sha256 or ed25519");
    set_option(library, DKIM_OPTS_FLAGS,
               static_cast<u_int>(DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES));
    set_option(library, DKIM_OPTS_MINKEYBITS, static_cast<u_int>(0));
    set_option(library, DKIM_OPTS_CLOCKDRIFT, static_cast<std::uint64_t>(dkim_clock_drift));
    dkim_set_key_lookup(library, give_key);
}

DkimLibrary::~DkimLibrary() = default;

}  // namespace defender::auth
