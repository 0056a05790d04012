// Sessions between OpenSSL's own client and server, in memory, whose secrets OpenSSL logs: what was
// said inside comes out again, for every cipher suite, with keys renewed, however it is cut.
#include <memory>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sstream>

#include <gtest/gtest.h>

#include <querytap/tls/key_log.h>

#include "wire.h"

namespace querytap::tls::test {
namespace {

struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

struct Way {
    const char* name;
    int version = TLS1_2_VERSION;
    const char* suite = nullptr;
    std::uint64_t options = 0;  ///< SSL_OP_... of the server
    bool elliptic = false;      ///< an ECDSA certificate
    bool update_keys = false;
};

const Way kWays[] = {
    {"rsa aes-128-gcm", TLS1_2_VERSION, "AES128-GCM-SHA256"},
    {"rsa aes-256-gcm", TLS1_2_VERSION, "AES256-GCM-SHA384"},
    {"ecdhe-rsa aes-256-gcm", TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384"},
    {"ecdhe-ecdsa aes-128-gcm", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", 0, true},
    {"without extended master secret", TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384",
     SSL_OP_NO_EXTENDED_MASTER_SECRET},
    {"ecdhe-rsa chacha20", TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305"},
    {"ecdhe-ecdsa chacha20", TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", 0, true},
    {"rsa aes-128-cbc sha1", TLS1_2_VERSION, "AES128-SHA"},
    {"rsa aes-256-cbc sha1", TLS1_2_VERSION, "AES256-SHA"},
    {"rsa aes-128-cbc sha256", TLS1_2_VERSION, "AES128-SHA256"},
    {"rsa aes-256-cbc sha256", TLS1_2_VERSION, "AES256-SHA256"},
    {"ecdhe-rsa aes-256-cbc sha384", TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA384"},
    {"mac then encrypt, sha1", TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", SSL_OP_NO_ENCRYPT_THEN_MAC},
    {"mac then encrypt, sha384", TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA384",
     SSL_OP_NO_ENCRYPT_THEN_MAC},
    {"tls 1.3 aes-128-gcm", TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
    {"tls 1.3 aes-256-gcm", TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
    {"tls 1.3 chacha20", TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},
    {"tls 1.3, keys renewed", TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", 0, false, true},
};

struct Flight {
    Side side{};
    std::vector<std::uint8_t> bytes;
};

std::string& logged() {
    static std::string lines;
    return lines;
}

/// One end of the connection.
struct End {
    Owned<SSL_CTX> context;
    Owned<SSL> ssl;

    explicit End(const SSL_METHOD* method, const Way& way) : context(SSL_CTX_new(method)) {
        SSL_CTX_set_min_proto_version(context.get(), way.version);
        SSL_CTX_set_max_proto_version(context.get(), way.version);
        SSL_CTX_set_options(context.get(), way.options);
        if (way.version == TLS1_3_VERSION) {
            SSL_CTX_set_ciphersuites(context.get(), way.suite);
        } else {
            SSL_CTX_set_cipher_list(context.get(), way.suite);
        }
    }
    void start(bool server) {
        ssl.reset(SSL_new(context.get()));
        SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        server ? SSL_set_accept_state(ssl.get()) : SSL_set_connect_state(ssl.get());
    }
};

void give_certificate(SSL_CTX* context, bool elliptic) {
    static const Owned<EVP_PKEY> rsa_key(EVP_RSA_gen(2048));
    static const Owned<EVP_PKEY> ec_key(EVP_EC_gen("P-256"));
    const Owned<EVP_PKEY>& key = elliptic ? ec_key : rsa_key;
    const Owned<X509> certificate(X509_new());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("db01"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    SSL_CTX_use_certificate(context, certificate.get());
    SSL_CTX_use_PrivateKey(context, key.get());
}

/// Records what passes between two ends.
class Conversation {
  public:
    explicit Conversation(const Way& way)
        : client_(TLS_client_method(), way), server_(TLS_server_method(), way) {
        give_certificate(server_.context.get(), way.elliptic);
        SSL_CTX_set_keylog_callback(server_.context.get(), [](const SSL*, const char* line) {
            logged().append(line).append("\n");
        });
        logged().clear();
        client_.start(false);
        server_.start(true);
        for (int i = 0; i < 10; ++i) {
            SSL_do_handshake(client_.ssl.get());
            carry(Side::kClient);
            SSL_do_handshake(server_.ssl.get());
            carry(Side::kServer);
        }
        EXPECT_TRUE(SSL_is_init_finished(client_.ssl.get()) &&
                    SSL_is_init_finished(server_.ssl.get()))
            << way.name;
    }

    void say(Side side, const std::string& text) {
        SSL_write(end(side).ssl.get(), text.data(), static_cast<int>(text.size()));
        carry(side);
        std::string heard(text.size(), '\0');
        SSL_read(other(side).ssl.get(), heard.data(), static_cast<int>(heard.size()));
        carry(side == Side::kClient ? Side::kServer : Side::kClient);
        said_[static_cast<std::size_t>(side)] += text;
    }
    void update_keys(Side side) { SSL_key_update(end(side).ssl.get(), SSL_KEY_UPDATE_REQUESTED); }

    const std::vector<Flight>& flights() const { return flights_; }
    const std::string& said(Side side) const { return said_[static_cast<std::size_t>(side)]; }

  private:
    End& end(Side side) { return side == Side::kClient ? client_ : server_; }
    End& other(Side side) { return side == Side::kClient ? server_ : client_; }

    void carry(Side side) {
        BIO* const out = SSL_get_wbio(end(side).ssl.get());
        char* data = nullptr;
        const long size = BIO_get_mem_data(out, &data);
        if (size <= 0) return;
        const Bytes bytes = as_bytes({data, static_cast<std::size_t>(size)});
        flights_.emplace_back();
        flights_.back().side = side;
        flights_.back().bytes.assign(bytes.begin(), bytes.end());
        BIO_write(SSL_get_rbio(other(side).ssl.get()), data, static_cast<int>(size));
        BIO_reset(out);
    }

    End client_;
    End server_;
    std::vector<Flight> flights_;
    std::array<std::string, 2> said_;
};

class Listening final : public Handler {
  public:
    void on_handshake(const Handshake& said) override { handshake = said; }
    void on_plaintext(Side side, Bytes bytes) override {
        heard[static_cast<std::size_t>(side)] += as_text(bytes);
    }
    void on_plaintext_lost(Side) override { ++lost; }

    Handshake handshake;
    std::array<std::string, 2> heard;
    int lost = 0;
};

std::shared_ptr<const KeyLog> key_log(const std::string& lines) {
    std::istringstream in(lines);
    auto log = KeyLog::read(in, "test");
    EXPECT_TRUE(log.ok()) << log.error().to_string();
    return std::make_shared<const KeyLog>(std::move(log).value());
}

void hear(Session& session, std::span<const Flight> flights, std::size_t piece_max,
          Handler& handler) {
    for (const Flight& flight : flights) {
        for (Bytes left{flight.bytes}; !left.empty();) {
            const Bytes piece = left.first(std::min(piece_max, left.size()));
            session.feed(flight.side, piece, handler);
            left = left.subspan(piece.size());
        }
    }
}

/// Both directions, short and long, one of them a record of the largest size.
void talk(Conversation& conversation, bool update_keys) {
    conversation.say(Side::kClient, "SELECT 1");
    conversation.say(Side::kServer, std::string(16384, 'r'));
    conversation.say(Side::kClient, std::string(40000, 'q'));
    if (update_keys) {
        conversation.update_keys(Side::kClient);
        conversation.say(Side::kClient, "with the second keys");
        conversation.say(Side::kServer, "with the second keys too");
        conversation.update_keys(Side::kServer);
        conversation.say(Side::kServer, "with the third keys");
        conversation.say(Side::kClient, "with the third keys too");
    }
    conversation.say(Side::kServer, "done");
}

TEST(Decryption, WhatWasSaidInsideComesOut) {
    for (const Way& way : kWays) {
        Conversation conversation(way);
        talk(conversation, way.update_keys);
        const auto log = key_log(logged());
        for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{1448}}) {
            Pool pool({.handshakes = 1, .key_log = log});
            Session session(pool);
            Listening listening;
            hear(session, conversation.flights(), piece, listening);
            session.finish(listening);
            EXPECT_EQ(listening.heard[0], conversation.said(Side::kClient)) << way.name;
            EXPECT_EQ(listening.heard[1], conversation.said(Side::kServer)) << way.name;
            EXPECT_EQ(listening.lost, 0) << way.name;
            EXPECT_EQ(pool.counters().records_undecrypted.read(), 0U) << way.name;
            EXPECT_TRUE(listening.handshake.server.seen) << way.name;
            EXPECT_EQ(listening.handshake.certificate.seen, way.version != TLS1_3_VERSION)
                << way.name;
        }
    }
}

TEST(Decryption, WithoutTheSecretsNothingComesOut) {
    Conversation conversation(kWays[2]);
    talk(conversation, false);
    std::string wrong = logged();
    ASSERT_TRUE(wrong.starts_with("CLIENT_RANDOM "));
    for (std::size_t i = wrong.size() - 20; i < wrong.size() - 1; ++i)
        wrong[i] = '0';
    std::string other = logged();
    other[20] = other[20] == '0' ? '1' : '0';  // another session's
    for (const std::string& lines : {wrong, other, std::string()}) {
        Pool pool({.handshakes = 1, .key_log = key_log(lines)});
        Session session(pool);
        Listening listening;
        hear(session, conversation.flights(), SIZE_MAX, listening);
        session.finish(listening);
        EXPECT_EQ(listening.heard[0] + listening.heard[1], "");
        EXPECT_EQ(pool.counters().records_decrypted.read(), 0U);
        EXPECT_EQ(pool.counters().records_undecrypted.read() > 0, lines == wrong);
        EXPECT_TRUE(listening.handshake.server.seen);
    }
}

TEST(Decryption, Tls13NeedsNoHandshakeSecrets) {
    Conversation conversation(kWays[15]);
    talk(conversation, false);
    std::string lines;
    std::istringstream all(logged());
    for (std::string line; std::getline(all, line);) {
        if (line.find("_TRAFFIC_SECRET_0 ") != line.npos) lines += line + "\n";
    }
    Pool pool({.handshakes = 1, .key_log = key_log(lines)});
    Session session(pool);
    Listening listening;
    hear(session, conversation.flights(), SIZE_MAX, listening);
    EXPECT_EQ(listening.heard[0], conversation.said(Side::kClient));
    EXPECT_EQ(listening.heard[1], conversation.said(Side::kServer));
}

TEST(Decryption, EndsWhereBytesAreMissingOrForged) {
    for (const bool missing : {true, false}) {
        Conversation conversation(kWays[2]);
        conversation.say(Side::kClient, "before");
        const std::size_t before = conversation.flights().size();
        conversation.say(Side::kClient, "lost");
        conversation.say(Side::kClient, "behind");
        conversation.say(Side::kServer, "answer");
        std::vector<Flight> flights = conversation.flights();
        Pool pool({.handshakes = 1, .key_log = key_log(logged())});
        Session session(pool);
        Listening listening;
        hear(session, std::span(flights).first(before), SIZE_MAX, listening);
        if (missing) {
            session.gap(Side::kClient, listening);
        } else {
            flights[before].bytes.back() ^= 1;
        }
        hear(session, std::span(flights).subspan(before + (missing ? 1 : 0)), SIZE_MAX, listening);
        EXPECT_EQ(listening.heard[0], "before");
        EXPECT_EQ(listening.heard[1], "answer");
        EXPECT_EQ(listening.lost, 1);
    }
}

}  // namespace
}  // namespace querytap::tls::test
