// What a TDS session says of the fuzzer's bytes, however they are handed over: as they are, in
// pieces, byte by byte, in packets of another size. All ways must say the same.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "../unit/tds/event_log.h"
#include "../unit/tds/wire.h"

namespace querytap::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

/// Bytes that one side sends, after others that are missing if there is a gap.
struct Piece {
    tds::Direction direction{};
    std::vector<std::uint8_t> bytes;
    bool after_gap = false;
};
using Pieces = std::vector<Piece>;

inline std::vector<std::uint8_t> copy(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

/// cut: 0 as they are, else so many bytes at a time. Each is handed over in memory of its own, so
/// that the sanitizer sees reads behind its end.
inline tds::test::EventLog log_of(tds::SessionPool& pool, const Pieces& pieces, std::size_t cut,
                                  bool midstream = false) {
    tds::test::EventLog log(true);
    std::vector<std::uint8_t> cut_out(cut);
    {
        tds::Session session(pool, midstream);
        for (const Piece& piece : pieces) {
            if (piece.after_gap) session.gap(piece.direction, log);
            Bytes left = piece.bytes;
            for (; cut > 0 && left.size() >= cut; left = left.subspan(cut)) {
                std::copy_n(left.begin(), cut, cut_out.begin());
                session.feed(piece.direction, cut_out, log);
            }
            if (!left.empty()) session.feed(piece.direction, copy(left), log);
        }
        session.finish(log);
    }
    require(pool.counters().buffers_in_use.read() == 0);
    return log;
}

/// As they are and cut; and with hardly a buffer to borrow, when other things may be said. Returns
/// what was said.
inline tds::test::EventLog log_in_all_ways(const Pieces& pieces, std::size_t cut,
                                           bool midstream = false) {
    static tds::SessionPool pool({.buffers = 256, .statements = 64, .tls = {.handshakes = 2}});
    static tds::SessionPool starved({.buffers = 1, .statements = 1, .tls = {.handshakes = 1}});
    tds::test::EventLog whole = log_of(pool, pieces, 0, midstream);
    require(whole.text() == log_of(pool, pieces, cut, midstream).text());
    log_of(starved, pieces, cut, midstream);
    return whole;
}

/// The first byte of an input: who logged in before, how messages are cut into packets and those
/// into pieces.
class Choice {
  public:
    explicit Choice(std::uint8_t byte) noexcept : byte_(byte) {}

    /// A login, or none: the version is then told from the bytes.
    Pieces before() const {
        constexpr std::uint32_t kVersions[] = {0x74000004, 0x71000001, 0x70000000};
        const std::size_t kind = byte_ & 3;
        if (kind == std::size(kVersions)) return {};
        tds::test::LoginText login;
        login.version = kVersions[kind];
        return {
            {tds::Direction::kToServer, tds::test::packets(16, tds::test::login_body(login)).bytes},
            {tds::Direction::kToClient, tds::test::login_answer(login.version).bytes}};
    }
    std::size_t packet_size() const noexcept {
        constexpr std::size_t kSizes[] = {9, 16, 21, 64, 255, 512, 1000, 4096};
        return kSizes[byte_ >> 2 & 7];
    }
    std::size_t cut() const noexcept {
        constexpr std::size_t kCuts[] = {1, 2, 3, 5, 8, 13, 100, 700};
        return kCuts[byte_ >> 5];
    }

  private:
    std::uint8_t byte_;
};

struct Message {
    tds::Direction direction{};
    tds::PacketType type{};
    Bytes payload;
};

/// What a session says of whole messages: the same in packets of any size, but for the status of a
/// message's first packet.
inline std::string log_of_messages(const std::vector<Message>& messages, Choice choice) {
    const auto pieces_of = [&](std::size_t packet_size) {
        Pieces pieces = choice.before();
        for (const Message& message : messages) {
            tds::test::Wire payload;
            payload.bytes = copy(message.payload);
            const auto type = static_cast<std::uint8_t>(message.type);
            pieces.push_back(
                {message.direction, tds::test::packets(type, payload, packet_size).bytes});
        }
        return pieces;
    };
    const std::string said = log_in_all_ways(pieces_of(choice.packet_size()), choice.cut()).facts();
    static tds::SessionPool pool({.buffers = 16, .statements = 64, .tls = {.handshakes = 2}});
    require(said == log_of(pool, pieces_of(32767), 0).facts());
    return said;
}

}  // namespace querytap::fuzz
