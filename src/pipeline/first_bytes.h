// The first kilobyte of each direction of a stream on a SQL port that is not TDS: what it is, is
// judged from them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <querytap/protocol/content.h>
#include <querytap/tds/message.h>

namespace querytap::pipeline {

class FirstBytes {
  public:
    void add(tds::Direction direction, Bytes bytes) noexcept {
        Half& half = halves_[static_cast<std::size_t>(direction)];
        const std::size_t size = std::min(bytes.size(), half.bytes.size() - half.size);
        std::copy_n(bytes.begin(), size, half.bytes.begin() + half.size);
        half.size += static_cast<std::uint16_t>(size);
    }

    bool both_spoke() const noexcept { return halves_[0].size > 0 && halves_[1].size > 0; }
    bool full() const noexcept { return size() >= 2 * kJudgedMax; }

    /// True now and then as bytes come: a hostile sender of single bytes cannot have all of them
    /// judged at each.
    bool worth_judging() noexcept {
        if (size() < next_judged_) return false;
        next_judged_ = 2 * size();
        return true;
    }
    protocol::Content judge() const noexcept {
        return protocol::judge_content(halves_[0].view(), halves_[1].view());
    }

  private:
    static constexpr std::size_t kJudgedMax = 512;
    struct Half {
        std::array<std::uint8_t, protocol::kContentBytes> bytes;
        std::uint16_t size = 0;
        Bytes view() const noexcept { return Bytes{bytes}.first(size); }
    };

    std::size_t size() const noexcept { return std::size_t{halves_[0].size} + halves_[1].size; }

    std::array<Half, 2> halves_;
    std::size_t next_judged_ = 32;
};

}  // namespace querytap::pipeline
