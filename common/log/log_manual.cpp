// defender-log(7), made from the table of ids.
#include "common/base/roff.hpp"
#include "common/log/log_ids.hpp"

namespace defender::log {
namespace {

constexpr std::string_view form =
    "Defender's programs write one line for each event: an id, then fields in the form key=value. A value "
    "that "
    "holds a blank, a quote, a backslash, an equals sign or anything outside printable ASCII is put in "
    "double "
    "quotes; there \\n, \\r, \\t and \\xHH stand for control characters and other octets, and \\\" and \\\\ "
    "for the "
    "characters themselves. So nothing that a sender writes can look like a field or a line of its own. "
    "Values of "
    "more than 1000 octets are cut and end with three dots.\n"
    "\n"
    "The ids keep their meaning from version to version and can be searched for and counted. Metrics have "
    "the "
    "count of each: defender_log_lines_total{id=\"STORE_WRITE_FAILED\",level=\"error\"}.";

}  // namespace

std::string log_man_page() {
    RoffPage page("defender-log", 7, "log lines of Defender");
    page.heading("DESCRIPTION");
    page.paragraphs(form);
    page.heading("IDS");
    for (const LogId& row : log_ids()) {
        auto text = "Level " + std::string(to_string(row.level)) + ". " + std::string(row.meaning);
        if (!row.advice.empty()) text += "\n" + std::string(row.advice);
        page.item(row.id, text);
    }
    page.heading("SEE ALSO");
    page.paragraphs("defender.toml(5), defender-milter(8), defenderctl(1)");
    return page.text();
}

}  // namespace defender::log
