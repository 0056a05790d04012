// How a connection introduces itself: PRELOGIN, LOGIN7 and who it is, TLS.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "connection_novelty.h"

namespace querytap::pipeline {

using tds::Direction;

void Connection::on_prelogin(const tds::MessageInfo& info, const tds::Prelogin& prelogin) {
    if (MessageMatch* message = find(info); message != nullptr) {
        const std::array<std::uint8_t, 6>& bytes = prelogin.version;
        message->version(bytes[0], bytes[1], bytes[2] << 8 | bytes[3], bytes[4] | bytes[5] << 8);
    }
    if (!context_.limits.tds_events) return;
    context_.events.write<Tds>(conversation_, [&](Tds& event) {
        event.kind = TdsKind::kPrelogin;
        event.type = info.type;
        event.direction = info.direction;
        event.encryption = prelogin.encryption;
        event.size = info.size;
        event.text.assign(prelogin.instance.view());
    });
}

/// What the session speaks, once it is known. The wire has it in the highest byte (2.2.6.4).
void Connection::tell_version(MessageMatch& message) noexcept {
    if (tds_version_ == 0) return;
    message.number(signature::Number::kTdsVersion,
                   signature::version_number(tds_version_ >> 28, tds_version_ >> 24 & 0xf));
}

void Connection::on_login(const tds::MessageInfo& info, const tds::Login7& login) {
    context_.counters.logins.add();
    tds_version_ = login.tds_version;
    user_.assign(login.integrated && login.user.empty() ? login.ntlm_user.view()
                                                        : login.user.view());
    application_.assign(login.application.view());
    if (transport_ == policy::Transport::kUnknown) transport_ = policy::Transport::kClear;
    if (context_.limits.tds_events) {
        context_.events.write<Tds>(conversation_, [&](Tds& event) {
            event.kind = TdsKind::kLogin;
            event.type = info.type;
            event.direction = info.direction;
            event.tds_version = login.tds_version;
            event.packet_size = login.packet_size;
            event.pid = login.client_pid;
            event.lcid = login.lcid;
            event.features = login.features;
            event.client_id = login.client_id;
            event.integrated = login.integrated;
            event.user = user_;
            event.domain.assign(login.ntlm_domain.view());
            event.host.assign(login.host.view());
            event.application = application_;
            event.library.assign(login.library.view());
            event.server.assign(login.server.view());
            event.database.assign(login.database.view());
        });
    }
    if (MessageMatch* message = find(info); message != nullptr) {
        using signature::Buffer;
        message->field(Buffer::kTdsLoginUser, login.user.view());
        message->field(Buffer::kTdsLoginHost, login.host.view());
        message->field(Buffer::kTdsLoginApp, login.application.view());
        message->field(Buffer::kTdsLoginLibrary, login.library.view());
        message->field(Buffer::kTdsLoginServer, login.server.view());
        message->field(Buffer::kTdsLoginDatabase, login.database.view());
        message->field(Buffer::kTdsLoginDomain, login.ntlm_domain.view());
        tell_version(*message);
    }
    check_login(login);
    look_for_news_of_login();
}

void Connection::look_for_news_of_login() noexcept {
    if (!user_.empty()) {
        look_for_news(novelty::Thing::kLogin, user_.view(), verdict::Evidence::kNewLogin,
                      user_.view());
    }
    look_for_news(novelty::Thing::kApplication, application_.view(),
                  verdict::Evidence::kNewApplication, application_.view());
}

/// Most clients name their user here, in their answer to the server's challenge, and nowhere else.
void Connection::on_ntlm(const tds::MessageInfo& info, const tds::NtlmIdentity& identity) {
    if (user_.empty()) {
        user_.assign(identity.user.view());
        look_for_news(novelty::Thing::kLogin, user_.view(), verdict::Evidence::kNewLogin,
                      user_.view());
        policy::Facts facts = known_facts();
        facts.user = user_.view();
        check_policy(facts);
    }
    if (MessageMatch* message = find(info); message != nullptr) {
        message->field(signature::Buffer::kTdsLoginUser, identity.user.view());
        message->field(signature::Buffer::kTdsLoginDomain, identity.domain.view());
        message->field(signature::Buffer::kTdsLoginHost, identity.workstation.view());
    }
    if (!context_.limits.tds_events) return;
    context_.events.write<Tds>(conversation_, [&](Tds& event) {
        event.kind = TdsKind::kNtlm;
        event.type = info.type;
        event.direction = info.direction;
        event.user.assign(identity.user.view());
        event.domain.assign(identity.domain.view());
        event.host.assign(identity.workstation.view());
    });
}

/// Written at the end of the answer: what else it says of the login stands behind this token.
void Connection::on_login_ack(const tds::MessageInfo& info, const tds::LoginAck& ack) {
    MessageMatch* message = find(info);
    if (message == nullptr) return;
    message->record.kind = TdsKind::kLoginAck;
    message->record.tds_version = ack.tds_version;
    message->record.text.assign(ack.program);
}

void Connection::on_features(const tds::MessageInfo& info, std::uint32_t acknowledged) {
    if (MessageMatch* message = find(info); message != nullptr) {
        message->record.features = acknowledged;
    }
}

void Connection::on_federation(const tds::MessageInfo& info, const tds::Federation& federation) {
    if (!context_.limits.tds_events) return;
    context_.events.write<Tds>(conversation_, [&](Tds& event) {
        event.kind = TdsKind::kFederation;
        event.type = info.type;
        event.direction = info.direction;
        event.text.assign(federation.sts_url);
        event.server.assign(federation.spn);
    });
}

void Connection::on_tls(tds::TlsMode mode, const tls::Handshake& handshake) {
    judge_tls(mode, handshake);
    check_tls(handshake);
    match_tls(handshake);
    context_.events.write<Tls>(conversation_, [&](Tls& event) {
        event.mode = mode;
        event.handshake = handshake;
    });
}

/// A handshake is matched as two messages: what the client said, and what the server did.
void Connection::match_tls(const tls::Handshake& handshake) {
    using signature::Buffer;
    const auto match = [&](Direction direction,
                           std::initializer_list<std::pair<Buffer, std::string_view>> fields) {
        const auto asked = [&](const auto& field) {
            return context_.current->wanted[static_cast<std::size_t>(field.first)];
        };
        if (std::none_of(fields.begin(), fields.end(), asked)) return;
        MessageMatch* const message = open({.direction = direction});
        if (message == nullptr) return;
        for (const auto& [buffer, text] : fields)
            message->field(buffer, text);
        Hits hits(*this, *message);
        message->finish(hits);
        context_.messages.release(message);
    };
    const auto& [client, server, certificate] = handshake;
    match(Direction::kToServer,
          {{Buffer::kTlsSni, client.sni.view()}, {Buffer::kJa4Hash, client.ja4.view()}});
    match(Direction::kToClient, {{Buffer::kTlsCertSubject, certificate.subject.view()},
                                 {Buffer::kTlsCertIssuer, certificate.issuer.view()}});
}

void Connection::on_encrypted(Direction direction, bool after_login) {
    // Only the login was encrypted: what follows is clear, and is judged as such.
    transport_ = after_login ? policy::Transport::kClear : policy::Transport::kEncrypted;
    if (context_.limits.tds_events) {
        context_.events.write<Tds>(conversation_, [&](Tds& event) {
            event.kind = TdsKind::kEncrypted;
            event.direction = direction;
            event.text.assign(after_login ? "login only" : "session");
        });
    }
    check_policy();
}

}  // namespace querytap::pipeline
