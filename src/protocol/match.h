// What a recogniser says of the first bytes of a stream.
#pragma once

#include <cstdint>

#include <querytap/base/bytes.h>
#include <querytap/protocol/identify.h>

namespace querytap::protocol {

enum class Match : std::uint8_t {
    kNo,
    kMaybe,  ///< all bytes so far agree, but there are too few
    kYes,
};

/// The bytes are, or may become, the given text.
inline Match match_prefix(Bytes first, std::string_view prefix) noexcept {
    const std::string_view text = as_text(first);
    if (text.size() >= prefix.size()) {
        return text.starts_with(prefix) ? Match::kYes : Match::kNo;
    }
    return prefix.starts_with(text) ? Match::kMaybe : Match::kNo;
}

// Recognisers see at most kDecisionBytes, so that the answer does not depend on how the sender cut
// its segments.
Match match_tds(Bytes first, bool midstream) noexcept;
Match match_smp(Bytes first) noexcept;
Match match_tds5(Bytes first) noexcept;
Match match_oracle(Bytes first) noexcept;
Match match_mongodb(Bytes first) noexcept;
Match match_redis(Bytes first) noexcept;
Match match_telnet(Bytes first) noexcept;
Match match_dce_rpc(Bytes first) noexcept;
Match match_socks(Bytes first) noexcept;

}  // namespace querytap::protocol
