#include "common/config/settings_manual.hpp"

#include "common/base/roff.hpp"
#include "common/base/text.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {
namespace {

constexpr std::size_t comment_columns = 96;

constexpr std::string_view file_intro =
    "Settings of Defender. Every setting stands here with its default; a line that is left out means the "
    "same. "
    "\"defender-milter --check-config\" tells what is wrong with a file, and where. After a change send the "
    "milter and the reporter a SIGHUP (systemctl reload defender-milter defender-reporter): where the new "
    "file has an error, the old settings stay. Settings marked \"on restart\" are taken up only when the "
    "program is started anew.";

/// One paragraph in lines of comment_columns at most, each behind "# ".
std::string comment_paragraph(std::string_view text) {
    std::string out;
    std::string line = "#";
    for (const auto word : text::split(text, ' ')) {
        if (line.size() + 1 + word.size() > comment_columns) {
            out += line + "\n";
            line = "#";
        }
        line += ' ';
        line += word;
    }
    return out + line + "\n";
}

/// Paragraphs are parted by a bare "#".
std::string comment(std::string_view text) {
    constexpr std::string_view gap = "\n\n";
    std::string out;
    for (auto end = text.find(gap); end != std::string_view::npos; end = text.find(gap)) {
        out += comment_paragraph(text.substr(0, end)) + "#\n";
        text.remove_prefix(end + gap.size());
    }
    return out + comment_paragraph(text);
}

std::string takes_and_change(const Takes& takes, Change change) {
    return "Takes " + describe(takes) + (change == Change::on_restart ? "; on restart." : ".");
}

std::string shipped_row(const SettingRow<Settings>& row, std::string_view mark) {
    std::string out = "\n" + comment(row.info.manual) + comment(takes_and_change(row.takes, row.info.change));
    const std::string value = row.fallback ? to_toml(*row.fallback) : "\"\"";
    return out + std::string(mark) + std::string(row.info.name) + " = " + value + "\n";
}

/// "[[TABLE.KEY]]".
std::string heading_of(const SettingsSection& section, const SettingsArray& array) {
    return "[[" + std::string(section.name) + "." + std::string(array.key) + "]]";
}

/// Commented out: by default there is no entry, and one without values would be an error.
std::string shipped_array(const SettingsSection& section, const SettingsArray& array) {
    std::string out = "\n" + comment(array.manual);
    out += "#" + heading_of(section, array) + "\n";
    for (const auto& row : array.rows) out += shipped_row(row, "#");
    return out;
}

void add_item(RoffPage& page, const SettingRow<Settings>& row) {
    const std::string fallback =
        row.fallback ? "Default: " + to_toml(*row.fallback) + "." : "It has no default and must be given.";
    const std::string change =
        row.info.change == Change::on_restart ? "\nA change takes effect on restart." : "";
    page.item(row.info.name,
              std::string(row.info.manual) + "\n\nTakes " + describe(row.takes) + ".\n" + fallback + change);
}

constexpr std::string_view page_intro =
    "The file is TOML. Each setting stands in a table, and is named TABLE.KEY elsewhere: \"socket\" below "
    "\"[milter]\" is milter.socket. Every setting has a default, so an empty file is valid. Unknown "
    "settings, wrong "
    "types and impossible values are errors; nothing is guessed.\n"
    "\n"
    "On SIGHUP the file is read again. Where it has an error, the settings in force stay, and the log tells "
    "the "
    "errors. Some settings take effect only when the program is started anew, as is said with each.";

void add_array(RoffPage& page, const SettingsSection& section, const SettingsArray& array) {
    page.heading(heading_of(section, array));
    page.paragraphs(array.manual);
    for (const auto& row : array.rows) add_item(page, row);
    page.paragraphs("For instance:");
    page.example(array.example);
}

constexpr std::string_view reloading_intro =
    "# What a reload takes up, and what needs a restart\n"
    "\n"
    "This page is made from the table of settings (`cmake --build BUILD --target manuals`).\n"
    "\n"
    "`systemctl reload defender-milter defender-reporter`, or a SIGHUP, has the programs read the settings "
    "again.\n"
    "The new ones are taken up as a whole, and messages at hand keep those that they began with; where the "
    "file has\n"
    "an error, the old ones stay and the log says what is wrong. Changed settings that need a restart are "
    "named in the\n"
    "line MILTER_RELOADED or REPORTER_RELOADED.\n"
    "\n"
    "| table | taken up by a reload | needs a restart |\n"
    "| --- | --- | --- |\n";

std::string names_of(const SettingsSection& section, Change change) {
    std::string names;
    const auto add = [&](const std::string& name) { names += (names.empty() ? "`" : ", `") + name + "`"; };
    for (const auto& row : section.rows) {
        if (row.info.change == change) add(std::string(row.info.name));
    }
    for (const auto& array : section.arrays) {
        for (const auto& row : array.rows) {
            if (row.info.change == change) add(std::string(array.key) + "." + std::string(row.info.name));
        }
    }
    return names;
}

}  // namespace

std::string reloading_page() {
    std::string page(reloading_intro);
    for (const auto& section : settings_sections()) {
        page += "| `[" + std::string(section.name) + "]` | " + names_of(section, Change::on_reload) + " | " +
                names_of(section, Change::on_restart) + " |\n";
    }
    return page;
}

std::string shipped_settings() {
    std::string out = comment(file_intro);
    for (const auto& section : settings_sections()) {
        out += "\n[" + std::string(section.name) + "]\n" + comment(section.manual);
        for (const auto& row : section.rows) out += shipped_row(row, "");
        for (const auto& array : section.arrays) out += shipped_array(section, array);
    }
    return out;
}

std::string settings_man_page() {
    RoffPage page("defender.toml", 5, "settings of Defender");
    page.heading("SYNOPSIS");
    page.paragraphs("/etc/defender/defender.toml");
    page.heading("DESCRIPTION");
    page.paragraphs(page_intro);
    for (const auto& section : settings_sections()) {
        page.heading("[" + std::string(section.name) + "]");
        page.paragraphs(section.manual);
        for (const auto& row : section.rows) add_item(page, row);
        for (const auto& array : section.arrays) add_array(page, section, array);
    }
    page.heading("FILES");
    page.item("/etc/defender/defender.toml", "The file that is read where -c names no other.");
    page.heading("SEE ALSO");
    page.paragraphs("defender-milter(8), defender-reporter(8), defenderctl(1), defender-log(7)");
    return page.text();
}

}  // namespace defender::config
