// What must hold for any stream cut in any way: what is delivered is the stream, and what is not is
// accounted for.
#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "recorder.h"

namespace querytap::stream {
namespace {

using namespace test;

class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_);
    }
    bool chance(double probability) {
        return std::uniform_real_distribution<>(0, 1)(engine_) < probability;
    }

  private:
    std::mt19937 engine_;
};

struct Piece {
    std::size_t offset;
    std::size_t size;
};

std::string random_text(Random& random, std::size_t size) {
    std::string text(size, ' ');
    for (char& c : text)
        c = static_cast<char>('a' + random.below(26));
    return text;
}

std::vector<Piece> random_pieces(Random& random, std::size_t size) {
    std::vector<Piece> pieces;
    const std::size_t piece_max = 1 + random.below(3000);
    for (std::size_t offset = 0; offset < size;) {
        const std::size_t length = std::min(size - offset, 1 + random.below(piece_max));
        pieces.push_back({offset, length});
        offset += length;
    }
    return pieces;
}

/// Any order within windows of `window` pieces, so that no piece waits for more than that.
void reorder(Random& random, std::vector<Piece>& pieces, std::size_t window) {
    for (std::size_t start = 0; start < pieces.size(); start += window) {
        const std::size_t end = std::min(pieces.size(), start + window);
        for (std::size_t i = start; i < end; ++i) {
            std::swap(pieces[i], pieces[i + random.below(end - i)]);
        }
    }
}

/// Copies, and pieces that overlap their neighbours with equal content.
void repeat(Random& random, std::vector<Piece>& pieces, std::size_t size) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (!random.chance(0.3)) continue;
        Piece copy = pieces[i];
        const std::size_t before = std::min(copy.offset, random.below(500));
        copy.offset -= before;
        copy.size = std::min(size - copy.offset, copy.size + before + random.below(500));
        pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(i + random.below(2)), copy);
        ++i;
    }
}

struct Playback {
    Limits limits;
    Recorder recorder;
    std::uint64_t conflicts = 0;
    std::uint32_t blocks_left = 0;
};

void play(Playback& run, const std::string& text, const std::vector<Piece>& pieces,
          std::uint32_t first_byte) {
    Reassembler reassembler(run.limits);
    Half half;
    reassembler.push(half, {first_byte - 1, packet::kSyn, {}}, at(0), run.recorder);
    double now = 0;
    for (const Piece& piece : pieces) {
        // On the heap and gone afterwards: nothing may be kept by reference.
        const std::vector<std::uint8_t> bytes(
            text.begin() + static_cast<std::ptrdiff_t>(piece.offset),
            text.begin() + static_cast<std::ptrdiff_t>(piece.offset + piece.size));
        reassembler.push(
            half, {first_byte + static_cast<std::uint32_t>(piece.offset), packet::kAck, bytes},
            at(now += 1e-5), run.recorder);
        ASSERT_LE(half.held_bytes, run.limits.held_bytes_max);
    }
    reassembler.flush(half, run.recorder);
    run.conflicts = reassembler.counters().conflicting_overlaps.read();
    run.blocks_left = static_cast<std::uint32_t>(reassembler.counters().blocks_in_use.read());
}

TEST(Property, WithoutLossTheStreamComesOutWhole) {
    for (unsigned seed = 0; seed < 150; ++seed) {
        Random random(seed);
        const std::string text = random_text(random, 1 + random.below(60'000));
        std::vector<Piece> pieces = random_pieces(random, text.size());
        if (random.chance(0.7)) repeat(random, pieces, text.size());
        reorder(random, pieces, 1 + random.below(200));  // a half may hold 256 blocks
        Playback run;
        play(run, text, pieces, static_cast<std::uint32_t>(0u - random.below(80'000)));
        ASSERT_EQ(run.recorder.text, text) << "seed " << seed;
        ASSERT_EQ(run.conflicts, 0u) << "seed " << seed;
        ASSERT_EQ(run.blocks_left, 0u) << "seed " << seed;
    }
}

/// The delivered bytes must stand at their own places: walks text and gaps side by side.
void expect_accounted(const Recorder& recorder, const std::string& text, unsigned seed) {
    std::size_t position = 0;
    const std::string& out = recorder.text;
    for (std::size_t i = 0; i < out.size();) {
        if (out[i] == '?') {  // a late byte that was not delivered
            ++i;
            continue;
        }
        if (out[i] == '<') {
            const std::size_t end = out.find('>', i);
            position += std::stoul(out.substr(i + 1, end - i - 1));
            i = end + 1;
            continue;
        }
        ASSERT_LT(position, text.size()) << "seed " << seed;
        ASSERT_EQ(out[i], text[position]) << "seed " << seed << " at " << position;
        ++position;
        ++i;
    }
    ASSERT_LE(position, text.size());
}

TEST(Property, WithLossEveryByteIsDeliveredInItsPlaceOrInAGap) {
    for (unsigned seed = 1000; seed < 1150; ++seed) {
        Random random(seed);
        const std::string text = random_text(random, 5000 + random.below(60'000));
        std::vector<Piece> pieces = random_pieces(random, text.size());
        const double loss = 0.05 * static_cast<double>(random.below(8));
        const Piece last = pieces.back();
        std::erase_if(pieces, [&](const Piece&) { return random.chance(loss); });
        if (random.chance(0.5)) repeat(random, pieces, text.size());
        reorder(random, pieces, 1 + random.below(30));
        pieces.push_back(last);  // so that the end is known
        // Bounds small enough to be met.
        Playback run;
        run.limits.pool_blocks = 1 + random.below(40);
        run.limits.held_bytes_max = 1000 + random.below(30'000);
        play(run, text, pieces, static_cast<std::uint32_t>(0u - random.below(80'000)));
        expect_accounted(run.recorder, text, seed);
        std::uint64_t delivered = 0;
        bool in_gap = false;
        for (const char c : run.recorder.text) {
            if (c == '<') in_gap = true;
            if (!in_gap && c != '?') ++delivered;
            if (c == '>') in_gap = false;
        }
        ASSERT_EQ(delivered + run.recorder.lost, text.size()) << "seed " << seed;
        ASSERT_EQ(run.conflicts, 0u) << "seed " << seed;
        ASSERT_EQ(run.blocks_left, 0u) << "seed " << seed;
    }
}

/// What somebody sends who wants the tap to read something else than the receiver, and what the
/// receiver drops: RFC 9293 section 3.10.7.4.
void forge(Random& random, Reassembler& reassembler, Half& half, Recorder& recorder,
           std::uint32_t expected, double now) {
    static const std::string kDecoy(300, '#');
    const auto size = 1 + random.below(kDecoy.size());
    const Bytes decoy = as_bytes(std::string_view(kDecoy).substr(0, size));
    const auto far = static_cast<std::uint32_t>(200'000 + random.below(3'000'000'000u));
    Segment segment{expected, packet::kAck, decoy};
    switch (random.below(6)) {
        case 0:  // beyond the window, also more than one behind the other
            segment.sequence += far;
            for (int i = 0; i < 4; ++i) {
                reassembler.push(half, segment, at(now), recorder);
                segment.sequence += static_cast<std::uint32_t>(size);
            }
            return;
        case 1:
            segment.flags = packet::kPsh;
            break;
        case 2:
            segment.flags = packet::kSyn | packet::kAck;
            segment.sequence -= 1;
            break;
        case 3:
            segment.flags = packet::kRst;
            break;
        case 4:
            segment = {expected + far, packet::kAck | packet::kFin, {}};
            break;
        case 5:  // as old as can be
            segment.sequence -= static_cast<std::uint32_t>(size);
            break;
    }
    reassembler.push(half, segment, at(now), recorder);
}

TEST(Property, WhatAReceiverDropsChangesNothing) {
    for (unsigned seed = 2000; seed < 2150; ++seed) {
        Random random(seed);
        const std::string text = random_text(random, 2000 + random.below(60'000));
        std::vector<Piece> pieces = random_pieces(random, text.size());
        reorder(random, pieces, 1 + random.below(10));
        const auto first = static_cast<std::uint32_t>(0u - random.below(80'000));
        Reassembler reassembler({.pool_blocks = 512});
        Recorder recorder;
        Half half;
        reassembler.push(half, {first - 1, packet::kSyn, {}}, at(0), recorder);
        double now = 0;
        std::vector<bool> received(text.size(), false);
        std::uint32_t expected = 0;  // by the receiver
        for (const Piece& piece : pieces) {
            reassembler.acknowledge(half, first + expected, 65535);
            if (random.chance(0.5)) {
                forge(random, reassembler, half, recorder, first + expected,
                      now += static_cast<double>(random.below(8)));
                reassembler.check_hole(half, at(now), recorder);
            }
            reassembler.push(half,
                             {first + static_cast<std::uint32_t>(piece.offset), packet::kAck,
                              as_bytes(std::string_view(text).substr(piece.offset, piece.size))},
                             at(now += 1e-5), recorder);
            std::fill_n(received.begin() + static_cast<std::ptrdiff_t>(piece.offset), piece.size,
                        true);
            while (expected < text.size() && received[expected])
                ++expected;
        }
        std::erase(recorder.text, '!');  // that it contradicts what is held is told
        ASSERT_EQ(recorder.text, text) << "seed " << seed;
        reassembler.flush(half, recorder);
        ASSERT_EQ(reassembler.counters().blocks_in_use.read(), 0u);
    }
}

TEST(Property, HalvesShareThePoolWithoutMixing) {
    Random random(7);
    constexpr std::size_t kHalves = 8;
    Reassembler reassembler({.pool_blocks = 20});
    std::vector<Half> halves(kHalves);
    std::vector<Recorder> recorders(kHalves);
    std::vector<std::string> texts;
    std::vector<std::vector<Piece>> pieces;
    for (std::size_t i = 0; i < kHalves; ++i) {
        texts.push_back(random_text(random, 40'000));
        pieces.push_back(random_pieces(random, 40'000));
        reorder(random, pieces.back(), 10);
        reassembler.push(halves[i], {99, packet::kSyn, {}}, at(0), recorders[i]);
    }
    std::vector<std::size_t> next(kHalves, 0);
    for (std::size_t left = kHalves; left > 0;) {
        const std::size_t i = random.below(kHalves);
        if (next[i] == pieces[i].size()) continue;
        const Piece& piece = pieces[i][next[i]++];
        reassembler.push(halves[i],
                         {100 + static_cast<std::uint32_t>(piece.offset), packet::kAck,
                          as_bytes(std::string_view(texts[i]).substr(piece.offset, piece.size))},
                         at(0), recorders[i]);
        if (next[i] == pieces[i].size()) --left;
    }
    for (std::size_t i = 0; i < kHalves; ++i) {
        reassembler.flush(halves[i], recorders[i]);
        expect_accounted(recorders[i], texts[i], static_cast<unsigned>(i));
    }
    EXPECT_EQ(reassembler.counters().blocks_in_use.read(), 0u);
}

}  // namespace
}  // namespace querytap::stream
