#include "common/auth/public_suffix_list.hpp"

#include <libpsl.h>

namespace defender::auth {
namespace {

struct FreeList {
    void operator()(psl_ctx_t* list) const noexcept { psl_free(list); }
};
using ListHandle = std::unique_ptr<psl_ctx_t, FreeList>;

class LibpslList final : public PublicSuffixList {
  public:
    explicit LibpslList(ListHandle list) : list_(std::move(list)) {}

    DomainName organizational_domain(const DomainName& name) const override {
        // The registrable domain is a tail of the name itself; a public suffix has none.
        const char* registrable = psl_registrable_domain(list_.get(), name.text().c_str());
        if (!registrable) return name;
        return DomainName::parse(registrable).value_or(name);
    }

    bool is_public_suffix(const DomainName& name) const override {
        return psl_is_public_suffix(list_.get(), name.text().c_str()) != 0;
    }

  private:
    ListHandle list_;
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
