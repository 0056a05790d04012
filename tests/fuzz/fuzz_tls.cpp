// Any bytes as TLS in both directions, with gaps, with or without a key log (which is read here
// too). Each input is read twice, in the pieces it describes and byte by byte: both must say the
// same, at most once, and leave no place lent.
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <querytap/base/reader.h>
#include <querytap/tls/key_log.h>
#include <querytap/tls/session.h>

#include "sized_piece.h"

namespace {

using namespace querytap;

void require(bool holds) {
    if (!holds) std::abort();
}

class Log final : public tls::Handler {
  public:
    void on_handshake(const tls::Handshake& handshake) override {
        const auto& [client, server, certificate] = handshake;
        require(++handshakes_ == 1);
        require(client.seen || server.seen || certificate.seen);
        // Always of this shape, whatever it was made of.
        require(!client.seen || (client.ja4.view().size() == 36 && client.ja4.view()[10] == '_'));
        require(!server.seen || server.ja4s.view().size() == 25);
        for (const std::string_view part :
             {client.sni.view(), client.alpn.view(), client.ja4.view(), server.alpn.view(),
              server.ja4s.view()})
            text_.append(part).append("|");
        if (!certificate.seen) return;
        text_.append(certificate.subject.view()).append("|").append(certificate.issuer.view());
        text_.append(std::to_string(certificate.not_after.time_since_epoch().count()));
    }
    void on_plaintext(tls::Side side, Bytes bytes) override {
        plain_[static_cast<std::size_t>(side)].append(as_text(bytes));
    }
    void on_plaintext_lost(tls::Side side) override {
        plain_[static_cast<std::size_t>(side)].append("<lost>");
    }
    std::string text() const { return text_ + "\n" + plain_[0] + "\n" + plain_[1]; }

  private:
    int handshakes_ = 0;
    std::string text_;
    std::string plain_[2];
};

/// The input is a u16be and as many bytes of key log, then records: a byte that says what, two for
/// a length, bytes.
enum What : std::uint8_t { kFromServer = 0x01, kGap = 0x02 };

std::shared_ptr<const tls::KeyLog> key_log_of(Reader& reader) {
    std::istringstream text{std::string(as_text(fuzz::sized_piece(reader)))};
    auto log = tls::KeyLog::read(text, "input");
    if (!log.ok() || log->size() == 0) return nullptr;
    return std::make_shared<const tls::KeyLog>(std::move(log).value());
}

std::string listen(Bytes input, bool byte_by_byte) {
    Reader reader(input);
    tls::Pool pool({.handshakes = 1, .key_log = key_log_of(reader)});
    Log log;
    {
        tls::Session session(pool);
        while (reader.ok() && reader.remaining() > 0) {
            const std::uint8_t what = reader.u8();
            const auto side = (what & kFromServer) != 0 ? tls::Side::kServer : tls::Side::kClient;
            // A copy of its own, so that the sanitizer sees reads behind the end.
            const Bytes piece = fuzz::sized_piece(reader);
            const std::vector<std::uint8_t> bytes(piece.begin(), piece.end());
            if ((what & kGap) != 0) session.gap(side, log);
            if (byte_by_byte) {
                for (const std::uint8_t& byte : bytes)
                    session.feed(side, {&byte, 1}, log);
            } else {
                session.feed(side, bytes, log);
            }
        }
        session.finish(log);
    }
    require(pool.counters().handshakes_in_use.read() == 0);
    return log.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input{data, size};
    const std::string whole = listen(input, false);
    require(whole == listen(input, true));
    return 0;
}
