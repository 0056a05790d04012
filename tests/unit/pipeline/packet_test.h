// A TCP conversation that a test plays packet by packet, and what an Inspector says of it.
#pragma once

#include <gtest/gtest.h>

#include <querytap/pipeline/inspector.h>

#include "../../support/event_collector.h"
#include "../../support/tds_builder.h"

namespace querytap::pipeline {

using test::ByteVector;
using Sids = std::vector<std::uint32_t>;

class PacketTest : public testing::Test {
  protected:
    void make(std::string_view rules, std::string_view policy = {},
              const Limits& limits = test::small_limits()) {
        auto set = signature::RuleSet::parse(rules, "test.rules");
        ASSERT_TRUE(set.ok()) << set.error().to_string();
        generation_ = {1, std::move(set).value(), nullptr};
        if (!policy.empty()) {
            auto parsed = policy::Policy::parse(policy, "policy.yaml");
            ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
            generation_.policy = std::move(parsed).value();
        }
        auto made = Inspector::create(limits, generation_, events_);
        ASSERT_TRUE(made.ok()) << made.error().to_string();
        inspector_ = std::move(made).value();
    }

    /// Any packet between the two, with numbers of its own; moves none.
    void packet(bool to_server, std::uint8_t flags, std::uint32_t sequence,
                std::uint32_t acknowledgement, const ByteVector& payload = {}) {
        test::TcpFields fields{
            .sequence = sequence, .acknowledgement = acknowledgement, .flags = flags};
        fields.destination_port = port_;
        if (!to_server) {
            std::swap(fields.source, fields.destination);
            std::swap(fields.source_port, fields.destination_port);
        }
        const test::OwnedFrame frame{test::tcp_frame(fields, payload), from_ns(++time_ns_),
                                     ++ordinal_};
        inspector_->inspect(std::array{frame.frame()});
    }
    /// The next packet of a side.
    void segment(bool to_server, std::uint8_t flags, const ByteVector& payload) {
        std::uint32_t& from = to_server ? client_ : server_;
        packet(to_server, flags, from, to_server ? server_ : client_, payload);
        from += static_cast<std::uint32_t>(payload.size()) + ((flags & packet::kSyn) != 0 ? 1 : 0);
    }
    void say(bool to_server, const ByteVector& payload) {
        segment(to_server, packet::kAck | packet::kPsh, payload);
    }
    void connect() {
        segment(true, packet::kSyn, {});
        segment(false, packet::kSyn | packet::kAck, {});
        segment(true, packet::kAck, {});
    }
    void log_in() {
        say(true, test::prelogin());
        say(false, test::prelogin_answer());
        say(true, test::login7());
        say(false, test::login_answer());
    }
    void ask_and_answer() {
        say(true, test::batch("exec xp_cmdshell 'dir'"));
        say(false, test::rows({"please run calc"}));
    }
    void wait(int seconds) { time_ns_ += seconds * std::int64_t{1'000'000'000}; }
    void set_load(Load load) { inspector_->set_load(load); }
    void finish() { inspector_->finish(from_ns(++time_ns_)); }

    Sids sids() const {
        Sids found;
        for (const Event* event : events_.of(EventType::kAlert))
            found.push_back(generation_.rules->rules()[event->alert.rule].sid);
        return found;
    }
    bool has_reason(std::string_view id) const {
        for (const Event* event : events_.of(EventType::kVerdict)) {
            for (std::size_t i = 0; i < event->verdict.reason_count; ++i) {
                if (event->verdict.reasons[i].id.view() == id) return true;
            }
        }
        return false;
    }

    test::EventCollector events_;
    Generation generation_;
    std::unique_ptr<Inspector> inspector_;
    std::uint16_t port_ = 1433;
    std::uint32_t client_ = 1000;  ///< sequence numbers that come next
    std::uint32_t server_ = 77'000;
    std::int64_t time_ns_ = 1'700'000'000'000'000'000;
    std::uint64_t ordinal_ = 0;
};

}  // namespace querytap::pipeline
