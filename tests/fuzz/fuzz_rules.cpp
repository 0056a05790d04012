// Any bytes as a rule file, strict and lenient: the parser must not fall over, errors must name a
// place inside the text, and what was accepted must make Hyperscan expressions.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "../../src/signature/expression.h"
#include "../../src/signature/parser.h"

namespace {

using namespace querytap;
using namespace querytap::signature;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_place(const Error& error, std::string_view text) {
    require(!error.message.empty());
    require(error.file == "fuzz.rules");
    require(error.line >= 1 && error.column >= 1);
    require(error.line <= 1 + std::count(text.begin(), text.end(), '\n'));
}

void check_rule(const ParsedRule& rule) {
    require(rule.rule.sid != 0);
    require(rule.rule.line >= 1);
    rule.header.holds({});
    for (const BufferMatches& buffer : rule.buffers) {
        require(!buffer.matches.empty());
        const auto terms = build_terms(buffer);
        require(!terms.empty() && terms.size() <= buffer.matches.size());
        const auto shown =
            std::count_if(terms.begin(), terms.end(), [](const TermUse& use) { return use.last; });
        require(shown <= 1);
        for (const TermUse& use : terms) {
            require(!use.term.expression.empty());
            require(use.term.max_offset == 0 || use.term.min_offset <= use.term.max_offset);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(Bytes{data, size});
    Parser strict(LoadOptions{});
    const Status status = strict.parse(text, "fuzz.rules");
    if (!status) check_place(status.error(), text);
    for (const ParsedRule& rule : strict.rules())
        check_rule(rule);

    LoadOptions options;
    options.lenient = true;
    Parser lenient(options);
    require(lenient.parse(text, "fuzz.rules").ok());
    for (const Error& error : lenient.skipped())
        check_place(error, text);
    require(status.ok() == lenient.skipped().empty());
    require(lenient.rules().size() >= strict.rules().size());
    return 0;
}
