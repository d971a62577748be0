#include "common/auth/public_suffix_list.hpp"

#include <libpsl.h>

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

namespace defender::auth {
namespace {

struct FreeList {
    void operator()(psl_ctx_t* list) const noexcept { psl_free(list); }
};
using ListHandle = std::unique_ptr<psl_ctx_t, FreeList>;

/// The organizational domains of names that were looked up lately, as mail is of the same domains again and
/// again, and libpsl goes through its list for each. A name that another one's place is taken by is looked up
/// anew, so that names of a sender's choice can do no more than that. Thread-safe.
class RecentOrganizations {
  public:
    /// `look_up` is called where the name is not kept, under no lock.
    template <typename LookUp>
    DomainName of(const DomainName& name, LookUp look_up) {
        auto& place = places_[std::hash<std::string_view>()(name.text()) % places_.size()];
        {
            const std::lock_guard lock(place.mutex);
            if (place.pair && place.pair->name == name) return place.pair->organization;
        }
        auto organization = look_up(name);
        const std::lock_guard lock(place.mutex);
        place.pair.emplace(Pair{name, organization});
        return organization;
    }

  private:
    struct Pair {
        DomainName name;
        DomainName organization;
    };
    struct Place {
        std::mutex mutex;
        std::optional<Pair> pair;
    };

    std::array<Place, 1024> places_;
};

class LibpslList final : public PublicSuffixList {
  public:
    explicit LibpslList(ListHandle list) : list_(std::move(list)) {}

    DomainName organizational_domain(const DomainName& name) const override {
        return recent_.of(name, [this](const DomainName& unknown) { return look_up(unknown); });
    }

    bool is_public_suffix(const DomainName& name) const override {
        return psl_is_public_suffix(list_.get(), name.text().c_str()) != 0;
    }

  private:
    DomainName look_up(const DomainName& name) const {
        // The registrable domain is a tail of the name itself; a public suffix has none.
        const char* registrable = psl_registrable_domain(list_.get(), name.text().c_str());
        if (!registrable) return name;
        return DomainName::parse(registrable).value_or(name);
    }

    ListHandle list_;
    mutable RecentOrganizations recent_;
};

/// libpsl loads any text as a list, an empty one too. It counts the rules of a text but not those of a DAFSA
/// (-1).
bool has_rules(const psl_ctx_t* list) {
    return psl_suffix_count(list) + psl_suffix_wildcard_count(list) != 0;
}

}  // namespace

Result<std::shared_ptr<const PublicSuffixList>> PublicSuffixList::load(const std::string& path) {
    ListHandle list(path.empty() ? psl_latest(nullptr) : psl_load_file(path.c_str()));
    const std::string what = path.empty() ? "the system's public suffix list" : "public suffix list " + path;
    if (!list) return Error{"cannot load " + what};
    if (!has_rules(list.get())) return Error{what + " holds no rule"};
    return std::shared_ptr<const PublicSuffixList>(std::make_shared<LibpslList>(std::move(list)));
}

}  // namespace defender::auth
