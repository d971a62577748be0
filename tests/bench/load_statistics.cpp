#include "tests/bench/load_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace defender::bench {
namespace {

double percentile(const std::vector<double>& sorted, double percent) {
    const auto rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
    return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

}  // namespace

nlohmann::json distribution(std::vector<double> times) {
    if (times.empty()) return nlohmann::json::object();
    std::sort(times.begin(), times.end());
    const double sum = std::accumulate(times.begin(), times.end(), 0.0);
    return {{"p50", percentile(times, 50)},
            {"p90", percentile(times, 90)},
            {"p99", percentile(times, 99)},
            {"max", times.back()},
            {"mean", sum / static_cast<double>(times.size())}};
}

nlohmann::json summary(const std::vector<Outcome>& outcomes) {
    std::vector<double> whole;
    std::vector<double> end;
    std::map<std::string, std::size_t> replies;
    nlohmann::json out;
    for (const auto& outcome : outcomes) {
        ++replies[outcome.kind];
        if (outcome.kind == "lost") {
            if (!out.contains("problem")) out["problem"] = outcome.problem;
            continue;
        }
        whole.push_back(outcome.whole);
        end.push_back(outcome.end);
    }
    out["messages"] = outcomes.size();
    out["replies"] = replies;
    out["early"] =
        std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& each) { return each.early; });
    out["whole_ms"] = distribution(std::move(whole));
    out["end_ms"] = distribution(std::move(end));
    return out;
}

}  // namespace defender::bench
