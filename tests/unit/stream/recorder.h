// A consumer that writes down what it is given: bytes as they are, a gap as "<n>", a conflict as
// "!", bytes for a hole that was given up as "?".
#pragma once

#include <string>

#include <querytap/packet/decode.h>
#include <querytap/stream/reassembler.h>

namespace querytap::stream::test {

class Recorder final : public Consumer {
  public:
    void on_stream(Bytes bytes) override {
        text += as_text(bytes);
        last = bytes.data();
    }
    void on_gap(std::uint32_t size) override {
        text += '<' + std::to_string(size) + '>';
        lost += size;
    }
    void on_conflicting_overlap() override {
        text += '!';
        ++conflicts;
    }

    void on_late_bytes() override { text += '?'; }

    std::string text;
    std::uint64_t lost = 0;
    int conflicts = 0;
    const std::uint8_t* last = nullptr;  // where the bytes stood
};

inline Timestamp at(double seconds) {
    return from_ns(1'700'000'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e9));
}

/// A stream that was opened, with limits of its own.
struct Stream {
    explicit Stream(const Limits& limits = {.pool_blocks = 64}) : reassembler(limits) {
        push(kStart - 1, "", 0, packet::kSyn);
    }
    void push(std::uint32_t sequence, std::string_view text, double second = 0,
              int flags = packet::kAck) {
        reassembler.push(half, {sequence, static_cast<std::uint8_t>(flags), as_bytes(text)},
                         at(second), recorder);
    }
    const Counters& counters() const { return reassembler.counters(); }

    static constexpr std::uint32_t kStart = 5000;
    Reassembler reassembler;
    Half half;
    Recorder recorder;
};

}  // namespace querytap::stream::test
