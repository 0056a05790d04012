// Events -> what a policy is asked: the facts of each conversation as they become known.
#pragma once

#include <functional>
#include <map>

#include <querytap/pipeline/event.h>
#include <querytap/policy/policy.h>
#include <querytap/sql/normaliser.h>

namespace querytap::cli {

class FactsHandler {
  public:
    virtual ~FactsHandler() = default;
    virtual void on_facts(const policy::Facts& facts) = 0;
    /// Statements that are not known whole.
    virtual void on_unknown_statements(const policy::Facts& facts) = 0;
    virtual void on_suspicion(const policy::Facts& facts, std::string_view why) = 0;
};

class ConversationFacts {
  public:
    explicit ConversationFacts(FactsHandler& handler) : handler_(handler) {}

    void add(const pipeline::Event& event);

  private:
    struct Flow {
        policy::Transport transport = policy::Transport::kUnknown;
        bool name_known = false;
        std::string server_name;
    };

    void login(policy::Facts facts, Flow& flow, const pipeline::Tds& tds);
    void query(policy::Facts facts, const pipeline::Tds& tds);
    void tls(policy::Facts facts, Flow& flow, const tls::Handshake& handshake);

    FactsHandler& handler_;
    std::map<std::uint64_t, Flow> flows_;  ///< those that have not ended
    sql::Scratch scratch_;
};

}  // namespace querytap::cli
