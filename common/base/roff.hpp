/// RoffPage: the one encoder of manual pages (man(7)).
///
/// Text is plain ASCII English; whatever roff would take for a request or an escape is encoded. The pages
/// that are generated from tables are written through it. Thread-safety: a plain value.
#pragma once

#include <string>
#include <string_view>

namespace defender {

class RoffPage {
  public:
    /// `name` as man finds it, such as "defender.toml"; `section` of the manual; `summary` for the NAME line.
    RoffPage(std::string_view name, int section, std::string_view summary);

    void heading(std::string_view text);
    void subheading(std::string_view text);
    /// Paragraphs, parted by empty lines.
    void paragraphs(std::string_view text);
    /// Lines kept as they are.
    void example(std::string_view lines);
    /// A term in bold, and what it means, indented.
    void item(std::string_view term, std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return out_; }

  private:
    std::string out_;
};

}  // namespace defender
