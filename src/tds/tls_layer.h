// TLS of a TDS connection, wrapped in PRELOGIN packets or on the stream itself. Where a key log has
// its secrets, what it holds is a stream of TDS of its own, read like one that is clear.
#pragma once

#include <array>
#include <memory>

#include <querytap/tls/session.h>

#include "stream.h"

namespace querytap::tds {

class TlsLayer {
  public:
    explicit TlsLayer(tls::Pool& pool) noexcept : session_(pool) {}

    void wrapped(Direction direction, Bytes records, const Scope& scope);
    void bare(Direction direction, Bytes records, const Stream::Shared& shared);
    void gap(Direction direction, const Stream::Shared& shared);
    void finish(const Stream::Shared& shared);

    bool within_record(Direction direction) const noexcept;

  private:
    class Listener;

    tls::Session session_;
    /// By direction; made when something was decrypted, so only in a lab.
    std::unique_ptr<std::array<Stream, 2>> inside_;
};

}  // namespace querytap::tds
