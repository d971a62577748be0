#include "common/dns/zone_resolver.hpp"

#include <utility>

#include "common/dns/unaskable.hpp"
#include "common/dns/zone_parser.hpp"

namespace defender::dns {
namespace {

class ZoneResolver final : public Resolver {
  public:
    explicit ZoneResolver(Zone zone) : zone_(std::move(zone)) {}

    void ask(Question asked, Deadline /*deadline*/, Handler handler) override {
        const Question normal = question(std::move(asked.name), asked.type);
        if (auto answer = answer_if_unaskable(normal)) return handler(std::move(answer));
        handler(zone_.answer(normal));
    }

  private:
    const Zone zone_;
};

}  // namespace

Result<std::unique_ptr<Resolver>> make_zone_resolver(std::string_view zone_text) {
    auto zone = parse_zone(zone_text);
    if (!zone) return zone.error();
    return std::unique_ptr<Resolver>(std::make_unique<ZoneResolver>(std::move(*zone)));
}

}  // namespace defender::dns
