#include "conversation_facts.h"

#include <querytap/sql/statement_class.h>

namespace querytap::cli {
namespace {

using pipeline::EventType;
using pipeline::TdsKind;

policy::Facts ends_of(const pipeline::Event& event) {
    policy::Facts facts;
    facts.client = event.conversation.client.address;
    facts.server = event.conversation.server.address;
    facts.server_port = event.conversation.server.port;
    facts.time = event.order.time;
    return facts;
}

}  // namespace

void ConversationFacts::add(const pipeline::Event& event) {
    policy::Facts facts = ends_of(event);
    const std::uint64_t id = event.conversation.flow_id;
    if (event.type == EventType::kFlow) {
        flows_.erase(id);
        return;
    }
    if (event.type == EventType::kVerdict) {
        if (event.verdict.level < verdict::Level::kSuspicious) return;
        for (std::size_t i = 0; i < event.verdict.reason_count; ++i)
            handler_.on_suspicion(facts, event.verdict.reasons[i].text.view());
        return;
    }
    if (event.type != EventType::kTds) return;
    if (event.tds.kind == TdsKind::kSsrp) return;
    Flow& flow = flows_[id];
    if (event.tds.kind == TdsKind::kEncrypted) {
        const bool login_only = event.tds.text.view() == "login only";
        flow.transport = login_only ? policy::Transport::kClear : policy::Transport::kEncrypted;
    }
    facts.transport = flow.transport;
    facts.server_name = flow.server_name;
    facts.name_known = flow.name_known;
    if (event.tds.kind == TdsKind::kTls) {
        tls(facts, flow, event.tls.handshake);
    } else if (event.tds.kind == TdsKind::kLogin) {
        login(facts, flow, event.tds);
    } else if (event.tds.kind == TdsKind::kQuery) {
        query(facts, event.tds);
    } else {
        handler_.on_facts(facts);
    }
}

void ConversationFacts::login(policy::Facts facts, Flow& flow, const pipeline::Tds& tds) {
    if (flow.transport == policy::Transport::kUnknown) flow.transport = policy::Transport::kClear;
    if (!flow.name_known) flow.server_name = tds.server.view();
    flow.name_known = true;
    facts.transport = flow.transport;
    facts.server_name = flow.server_name;
    facts.name_known = true;
    facts.login_seen = true;
    facts.tds_version = tds.tds_version;
    facts.user = tds.user.view();
    facts.application = tds.application.view();
    facts.host = tds.host.view();
    facts.database = tds.database.view();
    handler_.on_facts(facts);
}

void ConversationFacts::tls(policy::Facts facts, Flow& flow, const tls::Handshake& handshake) {
    if (handshake.client.seen) {
        flow.server_name = handshake.client.sni.view();
        flow.name_known = true;
    }
    facts.server_name = flow.server_name;
    facts.name_known = flow.name_known;
    if (handshake.server.seen) facts.tls_version = handshake.server.version;
    handler_.on_facts(facts);
}

void ConversationFacts::query(policy::Facts facts, const pipeline::Tds& tds) {
    struct Classes final : sql::Views {
        void on_normalised(std::string_view piece) override { classifier.add(piece); }
        sql::StatementClassifier classifier;
    } classes;
    classes.classifier.begin();
    sql::normalise(tds.text.view(), scratch_, classes);
    facts.statements = classes.classifier.end();
    facts.statements.add(sql::classify_procedure(tds.procedure.view()));
    handler_.on_facts(facts);
    // A record shows the beginning of a text, and the first of several procedures.
    const bool cut = tds.text.view().size() + 8 > decltype(tds.text)::kCapacity;
    if (cut || tds.rpc_calls > 1) handler_.on_unknown_statements(facts);
}

}  // namespace querytap::cli
