// From Hyperscan's matches to rules that hold.
#include "matcher.h"

#include <algorithm>
#include <bit>

namespace querytap::signature {
namespace {

std::size_t terms_max(const RuleSet::Impl& program) {
    std::size_t most = 1;
    for (const BufferProgram& buffer : program.buffers) {
        most = std::max<std::size_t>(most, buffer.terms);
    }
    return most;
}

std::size_t stream_size_max(const RuleSet::Impl& program) {
    std::size_t most = 1;
    for (const BufferProgram& buffer : program.buffers)
        most = std::max(most, buffer.stream_size);
    return most;
}

int on_block_match(unsigned term, unsigned long long, unsigned long long to, unsigned,
                   void* context) {
    auto& impl = *static_cast<Matcher*>(context);
    set_bit(impl.block_hits, term);
    impl.block_ends[term] = to;
    impl.any_block_hit = true;
    return 0;
}

struct PieceContext {
    Matcher& impl;
    const BufferProgram& buffer;
    std::uint32_t stream;
    std::string_view piece;
};

// The bytes that end at `to`, some of which may have come with earlier pieces.
void keep_excerpt(PieceContext& context, unsigned term, std::uint64_t to) {
    OpenStream& stream = context.impl.streams[context.stream];
    const std::string_view tail = stream.tail.view();
    std::array<char, Tail::kSize + kExcerptMax> joined;
    std::size_t size = 0;
    const auto append = [&](std::string_view text) {
        size += text.copy(joined.data() + size, text.size());
    };
    if (to <= stream.position) {
        const std::uint64_t back = std::min<std::uint64_t>(stream.position - to, tail.size());
        append(tail.substr(0, tail.size() - back));
    } else {
        const auto end = static_cast<std::size_t>(to - stream.position);
        const std::string_view fresh = context.piece.substr(0, end);
        if (fresh.size() < kExcerptMax) append(tail);
        append(fresh.substr(fresh.size() - std::min(fresh.size(), kExcerptMax)));
    }
    if (!context.impl.excerpts.add(stream.excerpts, term, {joined.data(), size})) {
        context.impl.counters.excerpts_exhausted.add();
    }
}

int on_piece_match(unsigned term, unsigned long long, unsigned long long to, unsigned, void* raw) {
    auto& context = *static_cast<PieceContext*>(raw);
    set_bit(context.impl.streams.hits(context.stream), term);
    if (context.buffer.shown[term]) keep_excerpt(context, term, to);
    return 0;
}

// Hyperscan wants a pointer even to nothing.
const char* pointer(std::string_view data) {
    return data.data() != nullptr ? data.data() : "";
}

unsigned length(std::string_view data) {
    return static_cast<unsigned>(std::min<std::size_t>(data.size(), UINT32_MAX));
}

}  // namespace

Matcher::Matcher(std::shared_ptr<const RuleSet> set, const ScannerLimits& limits,
                 ScannerCounters& counts, hs_scratch_t* owned_scratch)
    : rules(std::move(set)),
      program(rules->impl()),
      counters(counts),
      observer(limits.observer),
      scratch(owned_scratch),
      free_transactions(limits.transactions),
      transactions(limits.transactions),
      group_words(words_for_bits(program.groups.size())),
      groups(limits.transactions * group_words),
      reported(limits.transactions * group_words),
      streams(limits.streams, stream_size_max(program), terms_max(program)),
      excerpts(limits.transactions + limits.streams),
      block_hits(words_for_bits(terms_max(program))),
      block_ends(terms_max(program)) {}

Transaction* Matcher::find(TransactionId id) noexcept {
    if (id == TransactionId::kNone) return nullptr;
    return &transactions[static_cast<std::uint32_t>(id)];
}

BitRow Matcher::group_row(const Transaction& transaction) noexcept {
    const auto index = static_cast<std::size_t>(&transaction - transactions.data());
    return {groups.data() + index * group_words, group_words};
}

BitRow Matcher::reported_row(const Transaction& transaction) noexcept {
    const auto index = static_cast<std::size_t>(&transaction - transactions.data());
    return {reported.data() + index * group_words, group_words};
}

void Matcher::scan_block(Transaction& transaction, Buffer buffer, std::string_view data) noexcept {
    const BufferProgram& code = program.buffers[static_cast<std::size_t>(buffer)];
    counters.scanned_bytes.add(data.size());
    hs_scan(code.block.get(), pointer(data), length(data), 0, scratch.get(), on_block_match, this);
    if (!any_block_hit && code.always.empty()) return;
    decide(transaction, code, block_hits, data.size(), [&](std::uint32_t term) {
        return data.substr(0, static_cast<std::size_t>(block_ends[term]));
    });
    if (any_block_hit) std::fill(block_hits.begin(), block_hits.end(), 0);
    any_block_hit = false;
}

bool Matcher::open_stream(Transaction& transaction, Buffer buffer) noexcept {
    const auto index = static_cast<std::size_t>(buffer);
    const std::uint32_t stream = streams.open(program.buffers[index].stream.get());
    if (stream == FreeList::kNone) {
        counters.streams_exhausted.add();
        return false;
    }
    transaction.stream[index] = stream;
    return true;
}

void Matcher::scan_piece(Transaction& transaction, Buffer buffer, std::string_view data) noexcept {
    const auto index = static_cast<std::size_t>(buffer);
    PieceContext context{*this, program.buffers[index], transaction.stream[index], data};
    OpenStream& stream = streams[context.stream];
    counters.scanned_bytes.add(data.size());
    hs_scan_stream(stream.handle, pointer(data), length(data), 0, scratch.get(), on_piece_match,
                   &context);
    stream.tail.push(data);
    stream.position += data.size();
}

void Matcher::end_stream(Transaction& transaction, Buffer buffer) noexcept {
    const auto index = static_cast<std::size_t>(buffer);
    const BufferProgram& code = program.buffers[index];
    PieceContext context{*this, code, transaction.stream[index], {}};
    OpenStream& stream = streams[context.stream];
    streams.finish(context.stream, scratch.get(), on_piece_match, &context);
    decide(transaction, code, streams.hits(context.stream), stream.position,
           [&](std::uint32_t term) { return excerpts.find(stream.excerpts, term); });
    excerpts.clear(stream.excerpts);
    streams.release(context.stream);
}

void Matcher::look_at_streams(Transaction& transaction) noexcept {
    for (std::uint32_t left = transaction.streaming; left != 0; left &= left - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(left));
        OpenStream& stream = streams[transaction.stream[i]];
        decide(transaction, program.buffers[i], streams.hits(transaction.stream[i]), std::nullopt,
               [&](std::uint32_t term) { return excerpts.find(stream.excerpts, term); });
    }
}

void Matcher::drop_streams(Transaction& transaction) noexcept {
    for (std::uint32_t left = transaction.streaming; left != 0; left &= left - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(left));
        const std::uint32_t stream = transaction.stream[i];
        streams.finish(stream, nullptr, nullptr, nullptr);
        excerpts.clear(streams[stream].excerpts);
        streams.release(stream);
        transaction.pieces[i] = Pieces::kNone;
    }
    transaction.streaming = 0;
}

void Matcher::release(Transaction& transaction) noexcept {
    if (transaction.any_group) {
        const BitRow row = group_row(transaction);
        std::fill(row.begin(), row.end(), 0);
        const BitRow told = reported_row(transaction);
        std::fill(told.begin(), told.end(), 0);
        transaction.any_group = false;
    }
    excerpts.clear(transaction.excerpts);
    transaction.open = false;
    free_transactions.give(static_cast<std::uint32_t>(&transaction - transactions.data()));
}

template <typename Excerpt>
void Matcher::decide(Transaction& transaction, const BufferProgram& buffer, BitRow hits,
                     std::optional<std::uint64_t> size, Excerpt&& excerpt) noexcept {
    const auto consider = [&](std::uint32_t number) {
        const Group& group = program.groups[number];
        const std::uint32_t counted = program.conditions[group.rule].count_number;
        if (auto* count = counters.rules.find(counted)) count->checks.add();
        if (!size && (!group.forbidden.empty() || group.sized)) return;
        if (group.sized && !group.size.holds(*size)) return;
        const auto hit = [&](std::uint32_t term) { return test_bit(hits, term); };
        if (!std::all_of(group.required.begin(), group.required.end(), hit)) return;
        if (std::any_of(group.forbidden.begin(), group.forbidden.end(), hit)) return;
        hold(transaction, number,
             group.shown == kNoIndex ? std::string_view{} : excerpt(group.shown));
    };
    for_each_bit(hits, [&](std::uint32_t term) {
        for (const std::uint32_t number : buffer.groups_of_term[term])
            consider(number);
    });
    if (!size) return;
    for (const std::uint32_t number : buffer.always)
        consider(number);
}

void Matcher::hold(Transaction& transaction, std::uint32_t group,
                   std::string_view excerpt) noexcept {
    const BitRow row = group_row(transaction);
    if (test_bit(row, group)) return;  // the first value that fits is the one that is shown
    set_bit(row, group);
    transaction.any_group = true;
    if (excerpt.empty()) return;
    if (!excerpts.add(transaction.excerpts, group, excerpt)) counters.excerpts_exhausted.add();
}

bool Matcher::rule_holds(const Transaction& transaction, std::uint32_t rule) noexcept {
    const Conditions& conditions = program.conditions[rule];
    const BitRow row = group_row(transaction);
    for (std::uint32_t i = 0; i < conditions.group_count; ++i) {
        if (!test_bit(row, conditions.first_group + i)) return false;
    }
    if (program.has_bits &&
        !(conditions.bits.holds(transaction.facts) && conditions.xbits.holds(transaction.facts))) {
        return false;
    }
    return conditions.flow.holds(transaction.facts) && conditions.header.holds(transaction.facts);
}

void Matcher::report(Transaction& transaction, HitSink& sink) noexcept {
    const BitRow row = group_row(transaction);
    const BitRow told = reported_row(transaction);
    if (!program.without_content.empty()) transaction.any_group = true;
    if (!transaction.any_group) return;
    for (const std::uint32_t group : program.without_content)
        set_bit(row, group);

    // Groups are numbered in the order of sids; the first group of a rule speaks for it.
    const auto for_each_rule = [&](Action action, auto&& visit) {
        for_each_bit(row, [&](std::uint32_t number) {
            const std::uint32_t rule = program.groups[number].rule;
            if (program.conditions[rule].first_group != number) return;
            if (program.rules[rule].action != action || test_bit(told, number)) return;
            if (!rule_holds(transaction, rule)) return;
            visit(rule);
        });
    };
    const auto tell = [&](std::uint32_t rule) {
        const Conditions& conditions = program.conditions[rule];
        set_bit(told, conditions.first_group);
        if (auto* count = counters.rules.find(conditions.count_number)) count->hits.add();
        if (program.has_bits) {
            conditions.bits.apply(transaction.facts);
            conditions.xbits.apply(transaction.facts);
            if (conditions.bits.noalert) return;
        }
        const auto& suppressions = conditions.suppressions;
        const bool suppressed = std::any_of(
            suppressions.begin(), suppressions.end(),
            [&](const Suppression& suppression) { return suppression.holds(transaction.facts); });
        if (suppressed) {
            counters.suppressed.add();
        } else {
            report_rule(transaction, rule, sink);
        }
    };
    bool passed = false;
    if (program.has_pass) for_each_rule(Action::kPass, [&](std::uint32_t) { passed = true; });
    if (passed) return;
    // As Suricata does: who sets a bit goes before who asks for it, whatever their sids.
    if (program.has_bits) {
        for_each_rule(Action::kAlert, [&](std::uint32_t rule) {
            const Conditions& conditions = program.conditions[rule];
            if (conditions.bits.changes() || conditions.xbits.changes()) tell(rule);
        });
    }
    for_each_rule(Action::kAlert, tell);
}

void Matcher::report_rule(const Transaction& transaction, std::uint32_t rule,
                          HitSink& sink) noexcept {
    const Conditions& conditions = program.conditions[rule];
    Hit hit{.rule = rule, .buffer = conditions.shown_buffer, .excerpt = {}};
    for (std::uint32_t i = 0; i < conditions.group_count; ++i) {
        const std::uint32_t group = conditions.first_group + i;
        if (program.groups[group].shown == kNoIndex) continue;
        hit.excerpt = excerpts.find(transaction.excerpts, group);
    }
    sink.on_hit(hit);
}

}  // namespace querytap::signature
