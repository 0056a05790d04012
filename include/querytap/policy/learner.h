// A policy of what was seen: conversations in, policy.yaml out, with comments for the person who
// reads it before it is used. Not for the packet path.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <querytap/policy/policy.h>

namespace querytap::policy {

class Learner {
  public:
    /// Servers outside are listed, not allowed, unless the owner says so.
    explicit Learner(bool allow_external) : allow_external_(allow_external) {}

    /// What became known of a conversation, as Policy::check() is asked.
    void add(const Facts& facts);
    /// Statements were sent that were not seen whole.
    void statements_unknown(const Facts& facts) { at(facts).statements_unknown = true; }
    /// It must not be allowed unseen: why.
    void risky(const Facts& facts, std::string_view why) { at(facts).risks.emplace(why); }

    std::string to_yaml() const;

  private:
    using Texts = std::set<std::string, std::less<>>;
    struct Where {
        IpAddress server;
        std::uint16_t port = 0;
        auto operator<=>(const Where&) const = default;
    };
    struct Pair {
        Where where;
        IpAddress client;
        auto operator<=>(const Pair&) const = default;
    };
    struct Seen {
        Timestamp first = Timestamp::max();
        Timestamp last{};
        std::uint64_t logins_seen = 0;
        Texts logins;
        Texts applications;
        Texts hosts;
        Texts databases;
        Texts names;
        Texts risks;
        std::set<std::uint8_t> tds_versions;
        bool any_application = false;  ///< some login named none
        bool any_host = false;
        bool clear = false;
        bool encrypted = false;
        std::uint16_t tls_min = 0;
        sql::StatementClasses statements{};
        bool statements_unknown = false;

        void merge(const Seen& other);
    };
    /// Clients of one server that do the same there are one group.
    struct RuleKey {
        Where where;
        Texts logins;
        Texts applications;
        auto operator<=>(const RuleKey&) const = default;
    };
    struct LearntRule {
        std::set<IpAddress> clients;
        Seen seen;
    };
    using Rules = std::map<RuleKey, LearntRule>;

    Seen& at(const Facts& facts);
    Texts risks(const Pair& pair, const Seen& seen) const;
    Rules rules() const;
    static void write_groups(std::string& out, const Rules& rules);
    static void write_rule(std::string& out, const RuleKey& key, const LearntRule& rule,
                           std::size_t number);
    void write_risks(std::string& out) const;

    bool allow_external_;
    std::map<Pair, Seen> pairs_;
};

}  // namespace querytap::policy
