// What the owner's policy says of a connection: asked once for each fact when it becomes known,
// never for a packet. Demands of a rule are independent of each other, so each fact is shown alone.
#include <array>
#include <charconv>
#include <utility>

#include "connection.h"

namespace querytap::pipeline {
namespace {

using policy::Finding;

/// What was seen, behind what is wrong with it.
std::string_view seen(Finding finding, const policy::Facts& facts) noexcept {
    switch (finding) {
        case Finding::kExternalServerNotAllowed:
        case Finding::kServerNotAllowed:
            return facts.server_name;
        case Finding::kTlsVersionTooOld:
            return tls::name(facts.tls_version);
        case Finding::kCertificateNotExpected:
            return facts.certificate_subject;
        case Finding::kLoginNotAllowed:
            return facts.user;
        case Finding::kApplicationNotAllowed:
            return facts.application;
        case Finding::kHostNotAllowed:
            return facts.host;
        case Finding::kDatabaseNotAllowed:
            return facts.database;
        default:
            return {};
    }
}

void append_statements(BoundedText<160>& text, sql::StatementClasses classes) noexcept {
    bool first = true;
    for (std::size_t i = 0; i < sql::kStatementClassCount; ++i) {
        const auto which = static_cast<sql::StatementClass>(i);
        if (!classes.has(which)) continue;
        text.append(first ? ": " : ", ");
        text.append(sql::name(which));
        first = false;
    }
}

void append_number(BoundedText<160>& text, std::uint64_t number) noexcept {
    std::array<char, 20> digits;
    text.append({digits.begin(), std::to_chars(digits.begin(), digits.end(), number).ptr});
}

void append_volume(BoundedText<160>& text, const policy::Facts& facts) noexcept {
    constexpr std::uint64_t kMegabyte = 1'000'000;
    text.append(": ");
    append_number(text, facts.to_server_today / kMegabyte);
    text.append(" MB to the server, ");
    append_number(text, facts.to_client_today / kMegabyte);
    text.append(" MB to the client");
}

}  // namespace

policy::Facts Connection::known_facts() const noexcept {
    return {.client = conversation_.client.address,
            .server = conversation_.server.address,
            .server_port = conversation_.server.port,
            .port_announced = context_.expected_ports.touched_by(conversation_.key, context_.now),
            .time = context_.now,
            .transport = transport_,
            .server_name = server_name_.view(),
            .name_known = name_known_};
}

void Connection::check_policy() noexcept {
    check_policy(known_facts());
}

void Connection::check_policy(const policy::Facts& facts) noexcept {
    const policy::Policy* policy = context_.current->owned->shared.policy.get();
    if (policy == nullptr) return;
    const policy::Decision decision = policy->check(facts);
    policy_pending_ = decision.pending;
    if (decision.pending) return;
    add_policy_findings(decision, facts);
    // Allowed is said only when all that a rule may ask for is known.
    const bool known = transport_ == policy::Transport::kEncrypted || !user_.empty();
    if (decision.action != policy::Action::kAllow || violated_.any() || !known || allowed_) return;
    allowed_ = true;
    if (findings_ != nullptr) findings_->ledger.allow();
    if (level() != told_) write_verdict();
}

void Connection::add_policy_findings(const policy::Decision& decision,
                                     const policy::Facts& facts) noexcept {
    if (!decision.findings.any()) return;
    for (std::size_t i = 0; i < policy::kFindingCount; ++i) {
        const auto finding = static_cast<Finding>(i);
        if (!decision.findings.has(finding) || violated_.has(finding)) continue;
        const auto evidence = verdict::find_evidence(policy::id(finding));
        if (!evidence) continue;
        violated_.add(finding);
        BoundedText<160> text;
        text.assign(verdict::traits(*evidence).text);
        if (const std::string_view value = seen(finding, facts); !value.empty()) {
            text.append(": ");
            text.append(value);
        }
        if (finding == Finding::kStatementNotAllowed) append_statements(text, facts.statements);
        if (finding == Finding::kVolumeAboveLimit) append_volume(text, facts);
        text.append(" (rule '");
        text.append(decision.rule);
        text.append("')");
        add_evidence(*evidence, text.view());
    }
}

void Connection::check_login(const tds::Login7& login) noexcept {
    if (!name_known_) server_name_.assign(login.server.view());
    name_known_ = true;
    policy::Facts facts = known_facts();
    facts.login_seen = true;
    facts.tds_version = login.tds_version;
    facts.user = user_.view();
    facts.application = application_.view();
    facts.host = login.host.view();
    facts.database = login.database.view();
    check_policy(facts);
}

void Connection::check_tls(const tls::Handshake& handshake) noexcept {
    if (handshake.client.seen) {
        server_name_.assign(handshake.client.sni.view());
        name_known_ = true;  // without SNI, too: a LOGIN7 that TLS hides says no other
    }
    policy::Facts facts = known_facts();
    if (handshake.server.seen) facts.tls_version = handshake.server.version;
    facts.certificate_seen = handshake.certificate.seen;
    facts.self_signed = handshake.certificate.self_signed;
    facts.certificate_subject = handshake.certificate.subject.view();
    facts.certificate_issuer = handshake.certificate.issuer.view();
    check_policy(facts);
}

void Connection::check_database(std::string_view database) noexcept {
    policy::Facts facts = known_facts();
    facts.database = database;
    check_policy(facts);
}

void Connection::check_statements(sql::StatementClasses statements) noexcept {
    if (!statements.any()) return;
    policy::Facts facts = known_facts();
    facts.statements = statements;
    check_policy(facts);
}

/// In steps: the table is looked at now and then, not for each segment.
void Connection::count_volume(tds::Direction direction, std::size_t bytes) noexcept {
    constexpr std::uint64_t kStep = 64 * 1024;
    (direction == tds::Direction::kToServer ? volume_.to_server : volume_.to_client) += bytes;
    if (volume_.to_server + volume_.to_client >= kStep) check_volume();
}

void Connection::check_volume() noexcept {
    const policy::Policy* policy = context_.current->owned->shared.policy.get();
    if (policy == nullptr || volume_.to_server + volume_.to_client == 0) return;
    const VolumeTable::Volume today =
        context_.volumes.add(conversation_.client.address, conversation_.server.address,
                             policy->day_of(context_.now), std::exchange(volume_, {}));
    policy::Facts facts = known_facts();
    facts.to_server_today = today.to_server;
    facts.to_client_today = today.to_client;
    check_policy(facts);
}

/// The flow ends and no name came: the rules that ask for one do not apply.
void Connection::finish_policy() noexcept {
    check_volume();
    if (!policy_pending_) return;
    name_known_ = true;
    check_policy();
}

}  // namespace querytap::pipeline
