#include "message_match.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

#include "context.h"

namespace querytap::pipeline {
namespace {

using signature::Buffer;
using signature::TransactionId;

/// Long values are narrowed in steps of this size.
constexpr std::size_t kNarrowStep = 4096;
static_assert(narrow_bound(kNarrowStep) <= ViewBuffers::kSize);

/// A call has the shape of the batch that calls.
std::uint64_t hash_of_call(std::string_view procedure) noexcept {
    if (procedure.empty()) return 0;
    sql::Fingerprint shape;
    shape.add("exec ");
    shape.add(procedure);
    return shape.end();
}

constexpr unsigned bit(View view, int dynamic_index = 0) noexcept {
    static_assert(kViewCount <= std::numeric_limits<unsigned>::digits);
    return 1u << slot(view, dynamic_index);
}

sql::Encoding encoding_of(const tds::Chunk& chunk) noexcept {
    return chunk.encoding == tds::Encoding::kUtf16le ? sql::Encoding::kUtf16le
                                                     : sql::Encoding::kSingleByte;
}

}  // namespace

BoundedText<16> hexadecimal(std::uint64_t value) noexcept {
    BoundedText<16> text;
    for (int shift = 60; shift >= 0; shift -= 4)
        text.append(std::string_view("0123456789abcdef").substr(value >> shift & 0xf, 1));
    return text;
}

MessageMatch::MessageMatch(Context& context, const tds::MessageInfo& info,
                           const signature::FlowFacts& facts)
    : context_(context),
      generation_(*context.current),
      facts_(facts),
      transaction_(scanner().open(facts)),
      direction_(info.direction),
      smp_session_(info.smp_session) {
    ++generation_.users;
    dynamic_.fill(TransactionId::kNone);
    record.type = info.type;
    record.direction = info.direction;
    record.smp_session = info.smp_session;
}

MessageMatch::~MessageMatch() {
    if (context_.views_owner == this) {
        for (std::size_t i = 0; i < kViewCount; ++i)
            context_.views.clear(i);
        context_.views_owner = nullptr;
    }
    if (reader_ != nullptr) context_.sql_readers.release(reader_);
    if (transaction_ != TransactionId::kNone) scanner().discard(transaction_);
    for (const TransactionId id : dynamic_) {
        if (id != TransactionId::kNone) scanner().discard(id);
    }
    --generation_.users;
}

signature::Scanner& MessageMatch::scanner() const noexcept {
    return *generation_.owned->scanner;
}

const signature::RuleSet& MessageMatch::rules() const noexcept {
    return scanner().rules();
}

std::uint32_t MessageMatch::generation() const noexcept {
    return generation_.owned->shared.number;
}

bool MessageMatch::wants(Buffer buffer) const noexcept {
    return generation_.wanted[static_cast<std::size_t>(buffer)];
}

void MessageMatch::sql(const tds::Chunk& chunk) noexcept {
    take_views();
    if (chunk.begin) {
        end_sql();  // a text that lost its end
        reader_ = context_.sql_readers.acquire();
        if (reader_ == nullptr) {
            context_.counters.normalisers_exhausted.add();
            return;
        }
        reader_->normaliser.begin(encoding_of(chunk));
        reader_->shape.begin();
        reader_->classes.begin();
        part_statements();
    }
    if (reader_ == nullptr) return;
    reader_->normaliser.feed(chunk.bytes, context_.sql_scratch, *this);
    if (chunk.end) end_sql();
}

/// Statements of one message (several RPCs) stand apart in its record.
void MessageMatch::part_statements() noexcept {
    if (!record.text.empty()) record.text.append("\n");
}

/// Several statements of one message have one number, in their order.
void MessageMatch::add_hash(std::uint64_t hash) noexcept {
    record.query_hash = std::rotl(record.query_hash, 1) ^ hash;
}

bool MessageMatch::hashes() const noexcept {
    return context_.limits.tds_events || context_.limits.memory != nullptr ||
           wants(Buffer::kTdsQueryHash);
}

void MessageMatch::add_column(std::string_view name) noexcept {
    sql::Fingerprint shape;
    shape.add(name);
    column_shape_ = std::rotl(column_shape_, 1) ^ shape.end();
}

std::uint64_t MessageMatch::query_hash() const noexcept {
    if (record.query_hash != 0) return record.query_hash;
    return call_hash_ != 0 ? call_hash_ : hash_of_call(record.procedure.view());
}

void MessageMatch::prepared(const tds::Chunk& chunk) noexcept {
    if (chunk.begin) part_statements();
    record.prepared = true;
    // One character more than there is room for, so that the cut shows.
    constexpr std::size_t kSeenMax = 2 * (decltype(record.text)::kCapacity + 1);
    const Bytes seen = chunk.bytes.first(std::min(chunk.bytes.size(), kSeenMax));
    char text[narrow_bound(kSeenMax)];
    std::string_view shown = as_text(seen);
    if (chunk.encoding == tds::Encoding::kUtf16le) {
        NarrowState state;
        shown = {text, narrow(seen, text, state)};
    }
    record.text.append(shown);
    read_prepared(shown, chunk.begin && chunk.end && chunk.bytes.size() < kSeenMax);
}

/// Which parameters it executes was known when it was prepared, and is not kept with it. whole: a
/// text that was cut would have another number than where it was prepared.
void MessageMatch::read_prepared(std::string_view text, bool whole) noexcept {
    struct Shape final : sql::Views {
        void on_normalised(std::string_view piece) override { fingerprint.add(piece); }
        sql::Fingerprint fingerprint;
    } shape;
    executed_ = sql::normalise(text, context_.sql_scratch, shape);
    if (whole) add_hash(shape.fingerprint.end());
}

void MessageMatch::end_sql() noexcept {
    if (reader_ == nullptr) return;
    reader_->normaliser.end(context_.sql_scratch, *this);
    executed_ = reader_->normaliser.executed();
    context_.counters.sql_limits.add(reader_->normaliser.limits_hit());
    if (hashes()) add_hash(reader_->shape.end());
    statements_.add(reader_->classes.end());
    context_.sql_readers.release(reader_);
    reader_ = nullptr;
    end_values(~(bit(View::kParam) | bit(View::kResult)));
}

void MessageMatch::procedure(const tds::RpcCall& call) noexcept {
    executed_ = {};
    parameter_is_sql_ = false;
    if (record.procedure.empty()) record.procedure.assign(call.procedure);
    if (call.procedure_id != 0) {  // its name is ours
        field(Buffer::kTdsProc, call.procedure);
        return;
    }
    if (generation_.classify) statements_.add(sql::classify_procedure(call.procedure));
    if (!wants(Buffer::kTdsProc) && !hashes()) return;
    struct Name final : sql::Views {
        void on_normalised(std::string_view piece) override { text.append(piece); }
        BoundedText<256> text;
    } normal;
    sql::normalise(call.procedure, context_.sql_scratch, normal);
    std::string_view name = normal.text.view();
    name = name.substr(0, name.find(';'));  // p;1 is p
    field(Buffer::kTdsProc, name);
    if (call_hash_ == 0 && hashes()) call_hash_ = hash_of_call(name);
}

void MessageMatch::parameter(std::string_view name) noexcept {
    parameter_text_.begin(name);
    // Without a name it may be that one.
    parameter_is_sql_ =
        !executed_.empty() && (name.empty() || executed_.contains(sql::ExecutedNames::hash(name)));
}

void MessageMatch::parameter_value(const tds::Chunk& chunk) noexcept {
    if (context_.limits.tds_events) parameter_text_.value(record.parameters, chunk);
    if (parameter_is_sql_ && chunk.encoding != tds::Encoding::kBinary) {
        const sql::ExecutedNames executed = executed_;
        sql(chunk);
        executed_ = executed;
    }
    if (!wants(Buffer::kTdsParam) && !wants(Buffer::kTdsDecoded)) return;
    take_views();
    if (chunk.begin) end_values(bit(View::kParam));
    append_narrowed(View::kParam, chunk);
    if (!chunk.end) return;
    end_values(bit(View::kParam) | bit(View::kDecoded));
}

void MessageMatch::parameter_number(std::int64_t value) noexcept {
    if (context_.limits.tds_events) parameter_text_.number(record.parameters, value);
}

void MessageMatch::result_values(std::span<const tds::Chunk> values) noexcept {
    if (!wants(Buffer::kTdsResult) && !wants(Buffer::kTdsDecoded)) return;
    take_views();
    while (true) {
        values = values.subspan(short_results(values));
        if (values.empty()) return;
        append_narrowed(View::kResult, values.front());
        // All values of a response are one text with a value to a line: one scan instead of
        // thousands.
        if (values.front().end) append(slot(View::kResult), "\n");
        values = values.subspan(1);
    }
}

/// How many of the first values need no state, as most do: whole, a word or two, and too short for
/// base64. Those are taken.
std::size_t MessageMatch::short_results(std::span<const tds::Chunk> values) noexcept {
    constexpr std::size_t kCharactersMax = kShortBytes / 2;
    static_assert(kCharactersMax < sql::Base64Runs::kRunMin);
    constexpr std::size_t kPlace = slot(View::kResult);
    char* const begin = context_.views.room(kPlace, values.size() * (kCharactersMax + 1));
    if (begin == nullptr) return 0;
    char* out = begin;
    std::size_t taken = 0;
    for (const tds::Chunk& value : values) {
        if (!value.begin || !value.end) break;
        std::size_t size = value.bytes.size();
        if (value.encoding == tds::Encoding::kUtf16le) {
            if (!narrow_short(value.bytes, out)) break;
            size /= 2;
        } else {
            if (size > kCharactersMax) break;
            std::copy_n(value.bytes.data(), size, out);
        }
        out += size;
        *out++ = '\n';
        ++taken;
    }
    if (taken > 0) started_ |= bit(View::kResult);
    context_.views.commit(kPlace, static_cast<std::size_t>(out - begin));
    return taken;
}

void MessageMatch::append_narrowed(View view, const tds::Chunk& chunk) noexcept {
    const std::size_t place = slot(view);
    const bool decodes = may_hold_base64(chunk);
    if (chunk.begin) {
        narrow_ = {};
        if (decodes) base64_ = {};
    }
    if (chunk.encoding == tds::Encoding::kUtf16le) {
        started_ |= 1u << place;
        for (Bytes rest = chunk.bytes; !rest.empty();) {
            const Bytes step = rest.first(std::min(rest.size(), kNarrowStep));
            char* const out = room(place, narrow_bound(step.size()));
            const std::size_t size = narrow(step, out, narrow_);
            context_.views.commit(place, size);
            rest = rest.subspan(step.size());
            if (decodes) base64_.feed({out, size}, context_.sql_scratch, *this);
        }
        if (chunk.end) {
            char* const out = room(place, kNarrowEndMax);
            context_.views.commit(place, narrow_end(out, narrow_));
        }
    } else {
        append(place, as_text(chunk.bytes));
        if (decodes) base64_.feed(as_text(chunk.bytes), context_.sql_scratch, *this);
    }
    if (decodes && chunk.end) base64_.end(context_.sql_scratch, *this);
}

/// Most values are shorter than any run.
bool MessageMatch::may_hold_base64(const tds::Chunk& chunk) const noexcept {
    const bool whole = chunk.begin && chunk.end;
    const std::size_t width = chunk.encoding == tds::Encoding::kUtf16le ? 2 : 1;
    return wants(Buffer::kTdsDecoded) &&
           (!whole || chunk.bytes.size() >= width * sql::Base64Runs::kRunMin);
}

char* MessageMatch::room(std::size_t place, std::size_t size) noexcept {
    if (char* const out = context_.views.room(place, size)) return out;
    stream_piece(place);
    return context_.views.room(place, size);
}

void MessageMatch::field(Buffer buffer, std::string_view text) noexcept {
    if (!text.empty() && wants(buffer)) scanner().scan(transaction_, buffer, text);
}

void MessageMatch::number(signature::Number kind, std::uint64_t value) noexcept {
    scanner().number(transaction_, kind, value);
}

void MessageMatch::tunnel(std::string_view text, signature::HitSink& hits) noexcept {
    if (!wants(Buffer::kTdsTunnel) && !wants(Buffer::kPayload)) return;
    for (const Buffer buffer : {Buffer::kTdsTunnel, Buffer::kPayload}) {
        if (wants(buffer)) scanner().stream(transaction_, buffer, text, false);
    }
    scanner().decide(transaction_, hits);
}

void MessageMatch::version(int major, int minor, int build, int sub_build) noexcept {
    if (!wants(Buffer::kTdsPreloginVersion)) return;
    BoundedText<32> text;
    for (const int number : {major, minor, build, sub_build}) {
        std::array<char, 10> digits;
        const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
        if (!text.empty()) text.append(".");
        text.append({digits.begin(), end});
    }
    field(Buffer::kTdsPreloginVersion, text.view());
}

void MessageMatch::packet_bytes(Bytes bytes) noexcept {
    if (wants(Buffer::kPayload))
        scanner().stream(transaction_, Buffer::kPayload, as_text(bytes), false);
}

void MessageMatch::segment_end() noexcept {
    if (context_.views_owner != this) return;
    for (std::size_t i = 0; i < kViewCount; ++i) {
        if (!context_.views.view(i).empty()) stream_piece(i);
    }
    context_.views_owner = nullptr;
}

void MessageMatch::finish(signature::HitSink& hits) noexcept {
    take_views();
    end_sql();
    end_values(bit(View::kParam) | bit(View::kResult) | bit(View::kDecoded));
    context_.views_owner = nullptr;
    if (record.kind == TdsKind::kQuery && wants(Buffer::kTdsQueryHash)) {
        field(Buffer::kTdsQueryHash, hexadecimal(query_hash()).view());
    }
    for (TransactionId& id : dynamic_) {
        if (id != TransactionId::kNone) scanner().close(id, hits);
        id = TransactionId::kNone;
    }
    scanner().close(transaction_, hits);
    transaction_ = TransactionId::kNone;
}

void MessageMatch::on_raw(std::string_view text) {
    record.text.append(text);
    if (wants(Buffer::kTdsSqlRaw)) append(slot(View::kRaw), text);
}

void MessageMatch::on_normalised(std::string_view text) {
    if (hashes()) reader_->shape.add(text);
    if (generation_.classify) reader_->classes.add(text);
    if (wants(Buffer::kTdsSql)) append(slot(View::kSql), text);
}

void MessageMatch::on_literal(std::string_view text) {
    if (wants(Buffer::kTdsLiteral)) append(slot(View::kLiteral), text);
}

void MessageMatch::on_decoded(std::string_view text) {
    if (wants(Buffer::kTdsDecoded)) append(slot(View::kDecoded), text);
}

void MessageMatch::on_dynamic(int index, std::string_view text) {
    if (!wants(Buffer::kTdsSql)) return;
    TransactionId& id = dynamic_[static_cast<std::size_t>(index)];
    if (id == TransactionId::kNone) id = scanner().open(facts_);
    append(slot(View::kDynamic, index), text);
}

void MessageMatch::on_dynamic_end(int index) {
    end_values(bit(View::kDynamic, index));
}

TransactionId MessageMatch::transaction_of(std::size_t place) noexcept {
    constexpr std::size_t kFirstDynamic = slot(View::kDynamic);
    return place < kFirstDynamic ? transaction_ : dynamic_[place - kFirstDynamic];
}

void MessageMatch::take_views() noexcept {
    if (context_.views_owner == this) return;
    if (context_.views_owner != nullptr) context_.views_owner->segment_end();
    context_.views_owner = this;
}

void MessageMatch::append(std::size_t place, std::string_view text) noexcept {
    started_ |= 1u << place;
    while (!context_.views.append(place, text)) {
        const std::size_t room = ViewBuffers::kSize - context_.views.view(place).size();
        context_.views.append(place, text.substr(0, room));
        text.remove_prefix(room);
        stream_piece(place);
    }
}

void MessageMatch::stream_piece(std::size_t place) noexcept {
    scanner().stream(transaction_of(place), buffer_of(place), context_.views.view(place), false);
    streaming_ |= 1u << place;
    context_.views.clear(place);
}

/// Of these views, the values that have begun.
void MessageMatch::end_values(unsigned places) noexcept {
    for (unsigned left = started_ & places; left != 0; left &= left - 1)
        end_value(static_cast<std::size_t>(std::countr_zero(left)));
}

void MessageMatch::end_value(std::size_t place) noexcept {
    const std::string_view text = context_.views.view(place);
    if ((streaming_ >> place & 1) != 0) {
        scanner().stream(transaction_of(place), buffer_of(place), text, true);
    } else {
        scanner().scan(transaction_of(place), buffer_of(place), text);
    }
    context_.views.clear(place);
    streaming_ &= ~(1u << place);
    started_ &= ~(1u << place);
}

}  // namespace querytap::pipeline
