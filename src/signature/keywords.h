// What each keyword does to the rule under construction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <querytap/base/result.h>

#include "options.h"
#include "rule_model.h"
#include "source.h"
#include "text.h"

namespace querytap::signature {

/// A rule that grows, option by option.
struct Draft {
    const Source& source;
    ParsedRule rule;
    Buffer buffer = Buffer::kPayload;  ///< until a sticky buffer names another one
    Transforms transforms{};           ///< from here to the next sticky buffer
    bool has_sid = false;
    bool has_message = false;
    bool has_priority = false;
    std::size_t sid_at = 0;

    /// The matches of the current buffer, or all that is asked of one; created when first named.
    std::vector<Match>& matches() { return values(buffer).matches; }
    BufferMatches& values(Buffer of);
    Match* last_match() noexcept;
};

using Keyword = Status (*)(Draft&, const Option&);

/// nullptr when the keyword is none of this file's.
Keyword find_meta_keyword(std::string_view name) noexcept;       // keywords_meta.cpp
Keyword find_content_keyword(std::string_view name) noexcept;    // keywords_content.cpp
Keyword find_payload_keyword(std::string_view name) noexcept;    // keywords_payload.cpp
Keyword find_bits_keyword(std::string_view name) noexcept;       // keywords_bits.cpp
Keyword find_number_keyword(std::string_view name) noexcept;     // keywords_number.cpp
Keyword find_xbits_keyword(std::string_view name) noexcept;      // keywords_xbits.cpp
Keyword find_transform_keyword(std::string_view name) noexcept;  // transforms.cpp
Keyword find_rate_keyword(std::string_view name) noexcept;       // keywords_rate.cpp

/// Patterns that say the same of the buffer as it is: transforms.cpp
Status apply_transforms(Draft& draft);

/// Looks ahead (isdataat, byte_test, one byte that must not follow) into patterns: looks.cpp
Status join_looks(Draft& draft);

/// All contents are there: do their modifiers agree with each other?
Status check_contents(const Draft& draft);  // content_checks.cpp

// Shared by the keywords.
Error keyword_error(const Draft& draft, const Option& option, std::string message,
                    std::string hint);
Status needs_no_value(const Draft& draft, const Option& option);
Result<std::uint32_t> number(const Draft& draft, const Option& option, std::uint32_t min,
                             std::uint32_t max);

}  // namespace querytap::signature
