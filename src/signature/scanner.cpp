#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include <querytap/signature/scanner.h>

#include "matcher.h"

namespace querytap::signature {

struct Scanner::Impl final : Matcher {
    using Matcher::Matcher;
};

Result<std::unique_ptr<Scanner>> Scanner::create(std::shared_ptr<const RuleSet> rules,
                                                 const ScannerLimits& limits,
                                                 ScannerCounters& counters) {
    hs_scratch_t* scratch = nullptr;
    for (const BufferProgram& buffer : rules->impl().buffers) {
        if (!buffer.in_use()) continue;
        for (const hs_database_t* database : {buffer.block.get(), buffer.stream.get()}) {
            const hs_error_t code = hs_alloc_scratch(database, &scratch);
            if (code == HS_SUCCESS) continue;
            hs_free_scratch(scratch);
            return Error{.message = "no scratch space for Hyperscan, error " + std::to_string(code),
                         .hint = "give the process more memory"};
        }
    }
    std::uint32_t counted = 0;
    for (const Conditions& conditions : rules->impl().conditions) {
        if (conditions.count_number == RuleCounts::kNoNumber) continue;
        counted = std::max(counted, conditions.count_number + 1);
    }
    counters.rules.reserve(counted);
    return std::unique_ptr<Scanner>(
        new Scanner(std::make_unique<Impl>(std::move(rules), limits, counters, scratch)));
}

Scanner::Scanner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Scanner::~Scanner() {
    for (Transaction& transaction : impl_->transactions) {
        if (transaction.open) impl_->drop_streams(transaction);
    }
}

const RuleSet& Scanner::rules() const noexcept {
    return *impl_->rules;
}

std::size_t Scanner::open_transactions() const noexcept {
    return impl_->free_transactions.in_use();
}

TransactionId Scanner::open(const FlowFacts& facts) noexcept {
    const std::uint32_t index = impl_->free_transactions.take();
    if (index == FreeList::kNone) {
        impl_->counters.transactions_exhausted.add();
        return TransactionId::kNone;
    }
    Transaction& transaction = impl_->transactions[index];
    transaction.facts = facts;
    transaction.open = true;
    transaction.pieces.fill(Pieces::kNone);
    return static_cast<TransactionId>(index);
}

void Scanner::scan(TransactionId id, Buffer buffer, std::string_view data) noexcept {
    Transaction* const transaction = impl_->find(id);
    if (transaction == nullptr || !impl_->rules->uses(buffer)) return;
    if (impl_->observer != nullptr) [[unlikely]]
        impl_->observer->on_piece(buffer, data);
    impl_->scan_block(*transaction, buffer, data);
}

void Scanner::stream(TransactionId id, Buffer buffer, std::string_view data, bool last) noexcept {
    Transaction* const transaction = impl_->find(id);
    if (transaction == nullptr || !impl_->rules->uses(buffer)) return;
    if (impl_->observer != nullptr) [[unlikely]]
        impl_->observer->on_piece(buffer, data);
    Pieces& pieces = transaction->pieces[static_cast<std::size_t>(buffer)];
    if (pieces == Pieces::kNone && last) {  // the only piece
        impl_->scan_block(*transaction, buffer, data);
        return;
    }
    const std::uint32_t mask = 1u << static_cast<unsigned>(buffer);
    if (pieces == Pieces::kNone) {
        const bool opened = impl_->open_stream(*transaction, buffer);
        pieces = opened ? Pieces::kStream : Pieces::kBlocks;
        if (opened) transaction->streaming |= mask;
    }
    if (pieces == Pieces::kStream) {
        impl_->scan_piece(*transaction, buffer, data);
        if (last) impl_->end_stream(*transaction, buffer);
    } else {
        impl_->scan_block(*transaction, buffer, data);
    }
    if (!last) return;
    pieces = Pieces::kNone;
    transaction->streaming &= ~mask;
}

void Scanner::number(TransactionId id, Number kind, std::uint64_t value) noexcept {
    Transaction* const transaction = impl_->find(id);
    if (transaction == nullptr) return;
    for (const NumberGroup& asked : impl_->program.numbers[static_cast<std::size_t>(kind)]) {
        if (asked.condition.holds(value)) impl_->hold(*transaction, asked.group, {});
    }
}

void Scanner::decide(TransactionId id, HitSink& sink) noexcept {
    Transaction* const transaction = impl_->find(id);
    if (transaction == nullptr) return;
    impl_->look_at_streams(*transaction);
    impl_->report(*transaction, sink);
}

void Scanner::close(TransactionId id, HitSink& sink) noexcept {
    Transaction* const transaction = impl_->find(id);
    if (transaction == nullptr) return;
    for (std::uint32_t left = transaction->streaming; left != 0; left &= left - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(left));
        impl_->end_stream(*transaction, static_cast<Buffer>(i));
        transaction->pieces[i] = Pieces::kNone;
    }
    transaction->streaming = 0;
    impl_->report(*transaction, sink);
    impl_->release(*transaction);
}

void Scanner::discard(TransactionId id) noexcept {
    Transaction* const transaction = impl_->find(id);
    if (transaction == nullptr) return;
    impl_->drop_streams(*transaction);
    impl_->release(*transaction);
}

}  // namespace querytap::signature
