// The texts that prepared handles and cursors stand for, of all sessions of a worker: a table of
// fixed size, in which the least recently used gives way. Only the beginning of a text is kept.
#pragma once

#include <cstdint>

#include <querytap/base/mapped_array.h>
#include <querytap/tds/session.h>

namespace querytap::tds {

class Statements {
  public:
    /// UTF-16 of 1,026 characters: a little more than a record shows, so that the cut shows too.
    static constexpr std::size_t kTextMax = 2052;

    enum class Kind : std::uint8_t {
        kNone,
        kAwaited,  ///< asked for; the answer will bring its number
        kPrepared,
        kCursor,
    };
    struct Key {
        std::uint64_t connection = 0;
        std::uint32_t number = 0;
        Kind kind = Kind::kNone;
        bool operator==(const Key&) const noexcept = default;
    };
    struct Text {
        Bytes bytes;
        Encoding encoding = Encoding::kUtf16le;
    };

    Statements(std::size_t capacity, SessionCounters& counters);

    /// A name for one connection in the keys; not used twice.
    std::uint64_t new_connection() noexcept { return ++connections_; }

    /// Whatever had the key is forgotten.
    void begin(const Key& key, Encoding encoding) noexcept;
    /// Adds what fits to a text that was begun and did not give way meanwhile.
    void append(const Key& key, Bytes bytes) noexcept;
    void copy(const Key& from, const Key& to) noexcept;
    /// False when it is not known. The text lives until the next call of another function.
    bool find(const Key& key, Text& text) noexcept;
    void forget(const Key& key) noexcept;
    void forget_all(std::uint64_t connection) noexcept;

  private:
    // A connection's texts lie in a few neighbouring sets, so that one that prepares without end
    // drives out its neighbours' at most; a set is searched from its first place to its last.
    static constexpr std::size_t kWays = 8;
    static constexpr std::size_t kSetsOfConnection = 8;

    struct Place {
        Key key;
        std::uint64_t used;  ///< when last; counts calls
        std::uint16_t size;
        Encoding encoding;
    };
    struct Store {
        std::uint8_t bytes[kTextMax];
    };

    std::size_t set_of(std::uint64_t connection, std::size_t nth) const noexcept;
    std::size_t first_place(const Key& key) const noexcept;
    Place* look_up(const Key& key) noexcept;
    Bytes bytes_of(const Place& place) noexcept;

    std::size_t sets_;  ///< a power of two
    MappedArray<Place> places_;
    MappedArray<Store> texts_;
    SessionCounters& counters_;
    std::uint64_t connections_ = 0;
    std::uint64_t calls_ = 0;
};

}  // namespace querytap::tds
