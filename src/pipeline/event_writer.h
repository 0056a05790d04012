// Fills event slots: place in the order of all events, conversation, type. The only code that knows
// how an Event is laid out in its slot.
#pragma once

#include <memory>
#include <new>

#include <querytap/pipeline/counters.h>
#include <querytap/pipeline/event.h>

namespace querytap::pipeline {

class EventWriter {
  public:
    EventWriter(EventSink& sink, Counters& counters) : sink_(sink), counters_(counters) {}

    /// Where in time the events that follow belong.
    void set_place(Timestamp time, std::uint64_t ordinal) noexcept {
        if (time != time_ || ordinal != ordinal_) index_ = 0;
        time_ = time;
        ordinal_ = ordinal;
    }

    /// Calls fill(payload) on a fresh event of the payload's type and publishes it. When there is
    /// no room the event is lost and counted: false.
    template <typename Payload, typename Fill>
    bool write(const Conversation& conversation, Fill&& fill) noexcept {
        constexpr EventType kType = type_of<Payload>();
        Event* event = sink_.reserve(kType);
        if (event == nullptr) {
            counters_.events_dropped[static_cast<std::size_t>(kType)].add();
            return false;
        }
        event->order = {time_, ordinal_, conversation.flow_id, index_++};
        event->conversation = conversation;
        event->type = kType;
        fill(emplace<Payload>(*event));
        sink_.publish();
        return true;
    }

  private:
    template <typename Payload>
    static constexpr EventType type_of() noexcept {
        if (std::is_same_v<Payload, Alert>) return EventType::kAlert;
        if (std::is_same_v<Payload, Verdict>) return EventType::kVerdict;
        if (std::is_same_v<Payload, FlowEnd>) return EventType::kFlow;
        return EventType::kTds;
    }

    // Without parentheses: those would write zeros over the room for texts first.
    template <typename Payload>
    static Payload& emplace(Event& event) noexcept {
        if constexpr (std::is_same_v<Payload, Alert>) {
            return *new (&event.alert) Payload;
        } else if constexpr (std::is_same_v<Payload, Verdict>) {
            return *new (&event.verdict) Payload;
        } else if constexpr (std::is_same_v<Payload, FlowEnd>) {
            return *new (&event.flow) Payload;
        } else if constexpr (std::is_same_v<Payload, Tls>) {
            return *new (&event.tls) Payload;
        } else if constexpr (std::is_same_v<Payload, Ssrp>) {
            return *new (&event.ssrp) Payload;
        } else {
            static_assert(std::is_same_v<Payload, Tds>);
            return *new (&event.tds) Payload;
        }
    }

    EventSink& sink_;
    Counters& counters_;
    Timestamp time_{};
    std::uint64_t ordinal_ = 0;
    std::uint32_t index_ = 0;
};

}  // namespace querytap::pipeline
