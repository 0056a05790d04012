#include "value.h"

#include <array>
#include <initializer_list>

#include "exchange.h"

namespace querytap::tds {
namespace {

// A variant holds at most 8,000 bytes and 9 of its own (MS-TDS 2.2.5.4.3); some servers count more.
constexpr std::uint32_t kVariantMax = 16384;

constexpr std::uint8_t kByteNull = 0;         // GEN_NULL, 2.2.4
constexpr std::uint16_t kShortNull = 0xffff;  // CHARBIN_NULL

constexpr std::uint32_t fixed_size(Form form) noexcept {
    return 1U << (static_cast<unsigned>(form) - static_cast<unsigned>(Form::kFixed1));
}

struct Content {
    bool shown = false;
    Encoding encoding = Encoding::kBinary;
};

/// Read for every column of every row: a table, not branches.
constexpr auto kContents = [] {
    std::array<Content, kFormCount> contents{};
    const auto show = [&](Encoding encoding, std::initializer_list<Form> forms) {
        for (const Form form : forms)
            contents[static_cast<std::size_t>(form)] = {true, encoding};
    };
    show(Encoding::kUtf16le, {Form::kShortWide, Form::kLongWide, Form::kPlpWide});
    show(Encoding::kSingleByte,
         {Form::kByteText, Form::kShortText, Form::kLongText, Form::kPlpText});
    show(Encoding::kBinary,
         {Form::kByteBinary, Form::kShortBinary, Form::kLongBinary, Form::kPlpBinary});
    return contents;
}();

Content content_of(Form form) noexcept {
    return kContents[static_cast<std::size_t>(form)];
}

}  // namespace

void deliver_request(const MessageScope& scope, Target target, const Chunk& chunk) {
    if (target == Target::kStatement) {
        scope.exchange.statement(chunk, scope);
        scope.handler.on_sql(scope.info, SqlSource::kStatement, chunk);
    } else {
        scope.handler.on_parameter_value(scope.info, chunk);
    }
}

bool ValueAtHand::read(Reader& reader, Form form) noexcept {
    switch (form) {
        case Form::kNothing:
            break;
        case Form::kFixed1:
        case Form::kFixed2:
        case Form::kFixed4:
        case Form::kFixed8:
            if (reader.remaining() < fixed_size(form)) return false;
            reader.skip(fixed_size(form));
            break;
        case Form::kByte:
        case Form::kByteText:
        case Form::kByteBinary:
            if (!reader.counted_le<std::uint8_t>(kByteNull, chunk.bytes)) return false;
            break;
        case Form::kShort:
        case Form::kShortWide:
        case Form::kShortText:
        case Form::kShortBinary:
            if (!reader.counted_le<std::uint16_t>(kShortNull, chunk.bytes)) return false;
            break;
        default:
            return false;
    }
    const Content content = content_of(form);
    chunk.encoding = content.encoding;
    shown = content.shown && chunk.bytes.data() != nullptr;
    return true;
}

/// INTNTYPE and BITNTYPE, and those of a fixed size (2.2.5.4).
bool IntegerAtHand::may_be(const TypeInfo& type) noexcept {
    enum : std::uint8_t {
        kIntN = 0x26,
        kInt1 = 0x30,
        kBit = 0x32,
        kInt2 = 0x34,
        kInt4 = 0x38,
        kBitN = 0x68,
        kInt8 = 0x7f,
    };
    switch (type.token) {
        case kIntN:
        case kInt1:
        case kBit:
        case kInt2:
        case kInt4:
        case kBitN:
        case kInt8:
            return true;
        default:
            return false;
    }
}

void IntegerAtHand::read(Reader& reader, const TypeInfo& type) noexcept {
    const std::size_t size = type.form == Form::kByte ? reader.u8() : fixed_size(type.form);
    const Bytes bytes = reader.bytes(size);
    null = bytes.empty();
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 8); ++i)
        bits |= std::uint64_t{bytes[i]} << (8 * i);
    // TINYINT and BIT have no sign, all others do.
    const unsigned unused = size == 2 || size == 4 ? static_cast<unsigned>(64 - 8 * size) : 0;
    value = static_cast<std::int64_t>(bits << unused) >> unused;
}

void ValueReader::begin(Form form, Target target, bool has_text_pointer) noexcept {
    const Content content = content_of(form);
    *this = {};
    target_ = target;
    shown_ = content.shown;
    encoding_ = content.encoding;
    switch (form) {
        case Form::kNothing:
            break;
        case Form::kFixed1:
        case Form::kFixed2:
        case Form::kFixed4:
        case Form::kFixed8:
            phase_ = Phase::kRun;
            left_ = fixed_size(form);
            break;
        case Form::kByte:
        case Form::kByteText:
        case Form::kByteBinary:
            phase_ = Phase::kByteLength;
            break;
        case Form::kShort:
        case Form::kShortWide:
        case Form::kShortText:
        case Form::kShortBinary:
            phase_ = Phase::kShortLength;
            break;
        case Form::kLongWide:
        case Form::kLongText:
        case Form::kLongBinary:
            phase_ = has_text_pointer ? Phase::kTextPointer : Phase::kLongLength;
            break;
        case Form::kVariant:
            phase_ = Phase::kVariant;
            break;
        case Form::kPlpWide:
        case Form::kPlpText:
        case Form::kPlpBinary:
            phase_ = Phase::kPlpTotal;
            plp_ = true;
            break;
    }
}

Step ValueReader::unit(Reader& reader, const MessageScope& scope) {
    switch (phase_) {
        case Phase::kByteLength: {
            const std::uint8_t size = reader.u8();
            if (!reader.ok()) return Step::kMore;
            if (size == kByteNull) {
                phase_ = Phase::kEnd;
            } else {
                start(size, scope);
            }
            return Step::kDone;
        }
        case Phase::kShortLength: {
            const std::uint16_t size = reader.u16le();
            if (!reader.ok()) return Step::kMore;
            if (size == kShortNull) {
                phase_ = Phase::kEnd;
            } else {
                start(size, scope);
            }
            return Step::kDone;
        }
        case Phase::kTextPointer: {
            const std::size_t pointer_size = reader.u8();
            if (pointer_size > 0) reader.skip(pointer_size + 8);  // and the time stamp
            if (!reader.ok()) return Step::kMore;
            phase_ = pointer_size == 0 ? Phase::kEnd : Phase::kLongLength;
            return Step::kDone;
        }
        case Phase::kLongLength: {
            const std::uint32_t size = reader.u32le();
            if (!reader.ok()) return Step::kMore;
            if (size == 0xffffffff) {
                phase_ = Phase::kEnd;
            } else if (size > 0x7fffffff) {
                return Step::kBad;
            } else {
                start(size, scope);
            }
            return Step::kDone;
        }
        case Phase::kVariant:
            return variant(reader, scope);
        case Phase::kPlpTotal: {
            const std::uint64_t total = reader.u64le();  // a hint; the chunks tell the truth
            if (!reader.ok()) return Step::kMore;
            phase_ = total == UINT64_MAX ? Phase::kEnd : Phase::kPlpChunk;
            return Step::kDone;
        }
        case Phase::kPlpChunk: {
            left_ = reader.u32le();
            if (!reader.ok()) return Step::kMore;
            phase_ = Phase::kRun;
            if (left_ == 0) {
                phase_ = Phase::kEnd;
                emit({}, true, scope);
            }
            return Step::kDone;
        }
        case Phase::kRun:
        case Phase::kEnd:
            break;
    }
    return Step::kDone;
}

/// SSVARIANT_INSTANCE, MS-TDS 2.2.5.5.4.
Step ValueReader::variant(Reader& reader, const MessageScope& scope) {
    const std::uint32_t size = reader.u32le();
    if (reader.ok() && size == 0) {
        phase_ = Phase::kEnd;
        return Step::kDone;
    }
    const std::uint8_t base_type = reader.u8();
    const std::uint8_t property_size = reader.u8();
    reader.skip(property_size);
    if (!reader.ok()) return Step::kMore;
    if (size > kVariantMax || size < 2U + property_size) return Step::kBad;
    const Content content = content_of(variant_form(base_type));
    shown_ = content.shown;
    encoding_ = content.encoding;
    start(size - 2U - property_size, scope);
    return Step::kDone;
}

void ValueReader::start(std::uint32_t size, const MessageScope& scope) {
    left_ = size;
    phase_ = Phase::kRun;
    if (size > 0) return;
    phase_ = Phase::kEnd;
    emit({}, true, scope);
}

std::size_t ValueReader::run(Bytes bytes, const MessageScope& scope) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), left_);
    left_ -= static_cast<std::uint32_t>(size);
    const bool last = left_ == 0;
    if (last) phase_ = plp_ ? Phase::kPlpChunk : Phase::kEnd;
    emit(bytes.first(size), last && !plp_, scope);
    return size;
}

void ValueReader::cut(const MessageScope& scope) {
    if (phase_ != Phase::kEnd && begun_) emit({}, true, scope);
    phase_ = Phase::kEnd;
}

void ValueReader::emit(Bytes bytes, bool end, const MessageScope& scope) {
    if (!shown_) return;
    deliver(scope, target_, {.bytes = bytes, .encoding = encoding_, .begin = !begun_, .end = end});
    begun_ = true;
}

}  // namespace querytap::tds
