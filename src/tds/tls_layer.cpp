#include "tls_layer.h"

namespace querytap::tds {
namespace {

constexpr tls::Side side_of(Direction direction) noexcept {
    return direction == Direction::kToServer ? tls::Side::kClient : tls::Side::kServer;
}

TlsMode mode_of(const tls::Handshake& handshake, const Facts& facts) noexcept {
    constexpr std::string_view kTds8 = "tds/8.0";
    if (facts.tls_wrapped) return TlsMode::kWrapped;
    const bool tds8 = handshake.client.offers_tds8 || handshake.server.alpn.view() == kTds8;
    return tds8 && !facts.prelogin_seen ? TlsMode::kStrict : TlsMode::kBare;
}

}  // namespace

/// Hands on what a TLS session says. `shared`: nullptr within a packet, where there is no place for
/// another stream: application data is not wrapped.
class TlsLayer::Listener final : public tls::Handler {
  public:
    Listener(TlsLayer& layer, const Scope& scope, const Stream::Shared* shared) noexcept
        : layer_(layer), scope_(scope), shared_(shared) {}

    void on_handshake(const tls::Handshake& handshake) override {
        scope_.handler.on_tls(mode_of(handshake, scope_.facts), handshake);
    }
    void on_plaintext(tls::Side side, Bytes bytes) override {
        if (shared_ != nullptr) inside(side).feed(bytes, decrypted());
    }
    void on_plaintext_lost(tls::Side side) override {
        if (shared_ != nullptr) inside(side).gap(decrypted());
    }

  private:
    Stream& inside(tls::Side side) {
        if (!layer_.inside_) {
            layer_.inside_ = std::make_unique<std::array<Stream, 2>>(std::array<Stream, 2>{
                Stream{Direction::kToServer, false}, Stream{Direction::kToClient, false}});
        }
        return (*layer_.inside_)[static_cast<std::size_t>(side)];
    }
    Stream::Shared decrypted() const noexcept {
        Stream::Shared shared = *shared_;
        shared.scope.decrypted = true;
        return shared;
    }

    TlsLayer& layer_;
    const Scope& scope_;
    const Stream::Shared* shared_;
};

// TLS in TLS is not followed.

void TlsLayer::wrapped(Direction direction, Bytes records, const Scope& scope) {
    if (scope.decrypted) return;
    Listener listener(*this, scope, nullptr);
    session_.feed(side_of(direction), records, listener);
}

void TlsLayer::bare(Direction direction, Bytes records, const Stream::Shared& shared) {
    if (shared.scope.decrypted) return;
    Listener listener(*this, shared.scope, &shared);
    session_.feed(side_of(direction), records, listener);
}

void TlsLayer::gap(Direction direction, const Stream::Shared& shared) {
    if (shared.scope.decrypted) return;
    Listener listener(*this, shared.scope, &shared);
    session_.gap(side_of(direction), listener);
}

void TlsLayer::finish(const Stream::Shared& shared) {
    Listener listener(*this, shared.scope, &shared);
    session_.finish(listener);
}

bool TlsLayer::within_record(Direction direction) const noexcept {
    return session_.within_record(side_of(direction));
}

std::size_t TlsParser::run(Bytes bytes, const MessageScope& scope) {
    scope.tls.wrapped(scope.info.direction, bytes, scope);
    return bytes.size();
}

}  // namespace querytap::tds
