// The sink: spdlog to the standard error stream. Under systemd the journal reads that stream and takes the
// level from the "<N>" in front of a line (sd-daemon(3)).
#include "common/log/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

#include "common/base/utc_clock.hpp"
#include "common/log/line_counts.hpp"
#include "common/log/recent_problems.hpp"

namespace defender::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

char syslog_priority(spdlog::level::level_enum level) {
    if (level >= spdlog::level::err) return '3';
    if (level == spdlog::level::warn) return '4';
    return level == spdlog::level::info ? '6' : '7';
}

class PriorityFlag : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
                spdlog::memory_buf_t& out) override {
        out.push_back('<');
        out.push_back(syslog_priority(message.level));
        out.push_back('>');
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<PriorityFlag>();
    }
};

std::unique_ptr<spdlog::formatter> formatter(Target target) {
    auto made = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    made->add_flag<PriorityFlag>('*');
    made->set_pattern(target == Target::journald ? "%*%v" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v");
    return made;
}

/// Never destroyed, so that threads that outlive main's statics may still log.
spdlog::logger& logger() {
    static spdlog::logger* const instance = [] {
        auto made =
            std::make_unique<spdlog::logger>("defender", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_formatter(formatter(Target::stderr_));
        made->set_level(spdlog::level::info);
        return made.release();
    }();
    return *instance;
}

}  // namespace

void configure(Level level, Target target) {
    logger().set_formatter(formatter(target));
    logger().set_level(spdlog_level(level));
}

void write(Level level, std::string_view id, const Fields& fields) {
    const auto wanted = spdlog_level(level);
    const bool problem = level >= Level::warning;
    count_line(id);
    if (!problem && !logger().should_log(wanted)) return;
    const std::string line = format_line(id, fields);
    if (problem) note_problem({utc_now(), std::string(id), line});
    logger().log(wanted, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace defender::log
