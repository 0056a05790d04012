// Session Multiplex Protocol (MC-SMP): the sixteen bytes before each packet when one connection
// carries several TDS conversations (MARS), and those conversations.
#pragma once

#include <cstdint>

#include "lane.h"

namespace querytap::tds {

inline constexpr std::uint8_t kSmpByte = 0x53;
inline constexpr std::size_t kSmpHeaderSize = 16;

enum class SmpFlag : std::uint8_t { kSyn = 1, kAck = 2, kFin = 4, kData = 8 };

struct SmpHeader {
    SmpFlag flag{};
    std::uint16_t session = 0;
    std::uint32_t size = 0;  ///< with the header
    bool good = false;
};

SmpHeader read_smp_header(Bytes bytes) noexcept;

/// One multiplexed conversation. Lives in a borrowed buffer.
class Conversation {
  public:
    explicit Conversation(std::uint16_t session) noexcept;

    /// A DATA packet begins. TDS packets may span several, but where one went wrong the next DATA
    /// is the place to look for a header.
    void begin_data(Direction direction) noexcept;
    void data(Direction direction, Bytes bytes, const Scope& scope);

    /// Bytes of this direction are missing.
    void lose(Direction direction, const Scope& scope);
    void abort(const Scope& scope);

    std::uint16_t session() const noexcept { return session_; }
    bool finished() const noexcept { return fin[0] || fin[1]; }

    Conversation* next = nullptr;
    std::array<bool, 2> fin{};  ///< by direction

  private:
    struct Side {
        Side(Direction direction, std::uint16_t session, Exchange& exchange) noexcept
            : lane(direction, session, exchange) {}
        Lane lane;
        std::array<std::uint8_t, kHeaderSize> held;
        std::uint8_t held_size = 0;
        bool lost = false;       ///< skip to the next DATA packet
        bool searching = false;  ///< the next header may stand within a message
    };

    Side& side(Direction direction) noexcept {
        return direction == Direction::kToServer ? request_ : response_;
    }
    std::size_t header(Side& side, Bytes bytes, const Scope& scope);

    std::uint16_t session_;
    Exchange exchange_;
    Side request_;
    Side response_;
};

/// The conversations of one connection.
class Multiplexer {
  public:
    Multiplexer() = default;
    ~Multiplexer();
    Multiplexer(const Multiplexer&) = delete;
    Multiplexer& operator=(const Multiplexer&) = delete;

    /// A packet's header. Afterwards find() knows the conversation of a DATA packet, if there was
    /// room for it.
    void packet(const SmpHeader& header, Direction direction, const Scope& scope);

    Conversation* find(std::uint16_t session) noexcept;

    void lose(Direction direction, const Scope& scope);
    void abort(const Scope& scope);

  private:
    Conversation* add(std::uint16_t session, Direction direction, const Scope& scope);
    void evict_finished(const Scope& scope);
    void remove(Conversation* conversation) noexcept;

    SessionPool::Impl* pool_ = nullptr;
    Conversation* first_ = nullptr;
    std::uint16_t count_ = 0;
    bool limit_reported_ = false;
};

}  // namespace querytap::tds
