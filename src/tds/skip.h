// Messages of which nothing is read, or everything as it is.
#pragma once

#include "value.h"

namespace querytap::tds {

/// FedAuth tokens, logins before TDS 7, and what cannot be read any further.
class SkipParser {
  public:
    bool running() const noexcept { return true; }
    std::size_t run(Bytes bytes, const MessageScope&) noexcept { return bytes.size(); }
    Step unit(Reader&, const MessageScope&) noexcept { return Step::kBad; }
};

/// Records of TLS in PRELOGIN packets.
class TlsParser {
  public:
    bool running() const noexcept { return true; }
    std::size_t run(Bytes bytes, const MessageScope& scope);
    Step unit(Reader&, const MessageScope&) noexcept { return Step::kBad; }
};

/// Types that MS-TDS does not define: whatever it is, it is looked at.
class RawParser {
  public:
    bool running() const noexcept { return true; }
    std::size_t run(Bytes bytes, const MessageScope& scope) {
        scope.handler.on_raw(scope.info.direction, bytes);
        return bytes.size();
    }
    Step unit(Reader&, const MessageScope&) noexcept { return Step::kBad; }
};

/// Bulk load by UPDATETEXT and WRITETEXT (MS-TDS 2.2.6.2): one long value.
class BulkTextParser {
  public:
    BulkTextParser() noexcept { value_.begin(Form::kLongBinary, Target::kParameter, false); }
    bool running() const noexcept { return value_.running(); }
    std::size_t run(Bytes bytes, const MessageScope& scope) { return value_.run(bytes, scope); }
    Step unit(Reader& reader, const MessageScope& scope) {
        return value_.done() ? Step::kSkip : value_.unit(reader, scope);
    }
    void finish(const MessageScope& scope) { value_.cut(scope); }

  private:
    ValueReader value_;
};

}  // namespace querytap::tds
