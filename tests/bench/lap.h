// A capture in memory that an Inspector sees lap after lap, each lap with client addresses and
// sequence numbers of its own, so that every lap is new traffic.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include <querytap/packet/decode.h>
#include <querytap/pipeline/inspector.h>

#include "capture_turns.h"

namespace querytap::bench {

constexpr std::size_t kAddress = 14 + 12;  // IPv4 source in an untagged Ethernet frame
constexpr std::size_t kSequence = 14 + 20 + 4;

/// Takes events and forgets them: the cost of filling them stays in the measurement.
class NoEvents final : public pipeline::EventSink {
  public:
    pipeline::Event* reserve(pipeline::EventType) noexcept override { return &event_; }
    void publish() noexcept override { ++count_; }

  private:
    pipeline::Event event_;
    std::uint64_t count_ = 0;
};

struct LapFrame : test::OwnedFrame {
    std::size_t payload = 0;  ///< where it begins; the end of the frame when there is none
};

struct Lap {
    std::vector<LapFrame> frames;
    std::uint64_t bytes = 0;
    Duration length{};
    std::uint8_t number = 1;
    std::uint64_t ordinal = 0;
};

/// Both endpoints move to another /8 and both directions' sequence numbers by the same step.
inline void rewrite(test::OwnedFrame& frame, std::uint8_t lap, Duration step) {
    std::uint8_t* bytes = frame.bytes.data();
    bytes[kAddress] = lap;
    bytes[kAddress + 4] = lap;
    bytes[kSequence] = static_cast<std::uint8_t>(bytes[kSequence] + 1);
    bytes[kSequence + 4] = static_cast<std::uint8_t>(bytes[kSequence + 4] + 1);
    frame.time += step;
}

inline Lap load(const std::filesystem::path& capture) {
    Lap lap;
    for (auto& frame : test::frames_of(capture)) {
        packet::PacketView packet;
        const bool plain = frame.bytes.size() >= kSequence + 8 && frame.bytes[12] == 0x08 &&
                           frame.bytes[13] == 0x00 && frame.bytes[14] == 0x45;
        if (!plain || packet::decode(frame.bytes, packet) != packet::Decoded::kOk) continue;
        lap.bytes += frame.bytes.size();
        const std::size_t payload =
            packet.payload.empty()
                ? frame.bytes.size()
                : static_cast<std::size_t>(packet.payload.data() - frame.bytes.data());
        lap.frames.push_back({std::move(frame), payload});
    }
    if (!lap.frames.empty()) {
        lap.length = lap.frames.back().time - lap.frames.front().time + std::chrono::hours(2);
    }
    return lap;
}

/// inspector null: the rewriting alone. Another lap number than in any earlier call.
inline void play(Lap& lap, int laps, pipeline::Inspector* inspector) {
    std::vector<packet::Frame> burst;
    burst.reserve(32);
    for (int i = 0; i < laps; ++i, ++lap.number) {
        for (auto& frame : lap.frames) {
            rewrite(frame, lap.number, lap.length);
            frame.ordinal = ++lap.ordinal;
            burst.push_back(frame.frame());
            if (burst.size() < 32) continue;
            if (inspector != nullptr) inspector->inspect(burst);
            burst.clear();
        }
    }
}

}  // namespace querytap::bench
