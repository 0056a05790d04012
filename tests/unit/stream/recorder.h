// A consumer that writes down what it is given: bytes as they are, a gap as "<n>", a conflict as
// "!".
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

    std::string text;
    std::uint64_t lost = 0;
    int conflicts = 0;
    const std::uint8_t* last = nullptr;  // where the bytes stood
};

inline Timestamp at(double seconds) {
    return from_ns(1'700'000'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace querytap::stream::test
