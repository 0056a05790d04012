// One value on the wire (TYPE_VARBYTE, MS-TDS 2.2.5.2.3): its length, however coded, and its bytes.
// Text and binary go out in chunks as they come; numbers and dates are skipped.
#pragma once

#include <cstdint>

#include "type_info.h"
#include "unit.h"

namespace querytap::tds {

/// Which callback the chunks of a value go to.
enum class Target : std::uint8_t { kStatement, kParameter, kResult };

void deliver_request(const MessageScope& scope, Target target, const Chunk& chunk);

inline void deliver(const MessageScope& scope, Target target, const Chunk& chunk) {
    if (target == Target::kResult) {
        scope.handler.on_result_values(scope.info, {&chunk, 1});
    } else {
        deliver_request(scope, target, chunk);
    }
}

/// A value of which all is there.
struct ValueAtHand {
    Chunk chunk{.bytes = {}, .begin = true, .end = true};
    bool shown = false;  ///< text or binary, and not null

    /// False, and the reader stays where it is, when the value has not come whole, or is of a kind
    /// that may be long (LONGLEN, PLP) or is described in place (sql_variant).
    bool read(Reader& reader, Form form) noexcept;
};

/// An integer of which all is there: handles are such.
struct IntegerAtHand {
    bool null = true;
    std::int64_t value = 0;

    static bool may_be(const TypeInfo& type) noexcept;
    /// When the reader fails, more bytes are needed.
    void read(Reader& reader, const TypeInfo& type) noexcept;
};

class ValueReader {
  public:
    /// has_text_pointer: TEXT, NTEXT and IMAGE in a row stand behind a text pointer and a time
    /// stamp (2.2.7.20), in RPC parameters they do not.
    void begin(Form form, Target target, bool has_text_pointer) noexcept;

    bool done() const noexcept { return phase_ == Phase::kEnd; }
    bool running() const noexcept { return phase_ == Phase::kRun; }
    std::size_t run(Bytes bytes, const MessageScope& scope);
    Step unit(Reader& reader, const MessageScope& scope);

    /// The message ends within the value: what was begun gets its end.
    void cut(const MessageScope& scope);

  private:
    enum class Phase : std::uint8_t {
        kEnd,
        kByteLength,
        kShortLength,
        kTextPointer,
        kLongLength,
        kVariant,
        kPlpTotal,
        kPlpChunk,
        kRun,
    };

    void start(std::uint32_t size, const MessageScope& scope);
    void emit(Bytes bytes, bool end, const MessageScope& scope);
    Step variant(Reader& reader, const MessageScope& scope);

    Phase phase_ = Phase::kEnd;
    Target target_ = Target::kResult;
    Encoding encoding_ = Encoding::kBinary;
    bool shown_ = false;  ///< text or binary
    bool plp_ = false;
    bool begun_ = false;
    std::uint32_t left_ = 0;
};

}  // namespace querytap::tds
