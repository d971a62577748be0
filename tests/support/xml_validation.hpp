/// xmllint as a judge of the XML that tests make, against the schemas in tests/data; and golden files.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/support/commands.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::test {

inline std::string data_file(const std::string& name) {
    return std::string(DEFENDER_SOURCE_DIR) + "/tests/data/" + name;
}

/// `schema`: "rfc7489" or "rfc9990".
inline ::testing::AssertionResult is_valid_xml(const std::string& xml, const std::string& schema) {
    const TemporaryFolder folder;
    write_file(folder.file("report.xml"), xml);
    const auto output = run_command("xmllint --nonet --noout --schema " + data_file(schema + ".xsd") + " " +
                                    folder.file("report.xml"));
    if (output.status == 0) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << output.text << "\n" << xml.substr(0, 20000);
}

/// The golden file `name` of tests/data/golden, with the program's version put in where it stands in the
/// text.
inline std::string golden(const std::string& name) {
    std::string text = file_text(data_file("golden/" + name));
    const std::string mark = "@VERSION@";
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
        text.replace(at, mark.size(), DEFENDER_VERSION);
    return text;
}

/// Every element of the text has content, and not white space alone.
inline ::testing::AssertionResult has_no_empty_element(const std::string& xml) {
    const TemporaryFolder folder;
    write_file(folder.file("report.xml"), xml);
    const auto output =
        run_command("xmllint --nonet --xpath \"count(//*[not(*) and normalize-space(.) = ''])\" " +
                    folder.file("report.xml"));
    if (output.status == 0 && output.text.substr(0, 1) == "0") return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << output.text << " empty elements in\n" << xml;
}

}  // namespace defender::test
