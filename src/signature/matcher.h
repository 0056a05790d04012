// The state of a Scanner: what is open, what matched.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <hs.h>

#include <querytap/signature/scanner.h>

#include "bits.h"
#include "excerpts.h"
#include "free_list.h"
#include "program.h"
#include "stream_pool.h"

namespace querytap::signature {

struct ScratchDeleter {
    void operator()(hs_scratch_t* scratch) const noexcept { hs_free_scratch(scratch); }
};

/// A buffer's value that comes in pieces.
enum class Pieces : std::uint8_t {
    kNone,
    kStream,
    kBlocks,  ///< no stream was free when it began: each piece is scanned by itself
};

struct Transaction {
    FlowFacts facts;
    bool open = false;
    bool any_group = false;       ///< a bit of its row is set
    std::uint32_t streaming = 0;  ///< a bit for each buffer that is kStream in `pieces`
    static_assert(kBufferCount <= 32);
    std::array<Pieces, kBufferCount> pieces{};
    std::array<std::uint32_t, kBufferCount> stream{};  ///< meaningful for kStream
    Excerpts::List excerpts;                           ///< by group
};

struct Matcher {
    Matcher(std::shared_ptr<const RuleSet> set, const ScannerLimits& limits,
            ScannerCounters& counts, hs_scratch_t* owned_scratch);

    std::shared_ptr<const RuleSet> rules;
    const RuleSet::Impl& program;
    ScannerCounters& counters;
    ScanObserver* observer;
    std::unique_ptr<hs_scratch_t, ScratchDeleter> scratch;

    FreeList free_transactions;
    std::vector<Transaction> transactions;
    std::size_t group_words;
    std::vector<std::uint64_t> groups;    ///< a row for each transaction: groups that hold
    std::vector<std::uint64_t> reported;  ///< the same: first groups of rules already reported
    StreamPool streams;
    Excerpts excerpts;

    // Of the value being scanned in block mode.
    std::vector<std::uint64_t> block_hits;
    std::vector<std::uint64_t> block_ends;  ///< term -> where its match ended
    bool any_block_hit = false;

    Transaction* find(TransactionId id) noexcept;
    BitRow group_row(const Transaction& transaction) noexcept;
    BitRow reported_row(const Transaction& transaction) noexcept;

    void scan_block(Transaction& transaction, Buffer buffer, std::string_view data) noexcept;
    void scan_piece(Transaction& transaction, Buffer buffer, std::string_view data) noexcept;
    bool open_stream(Transaction& transaction, Buffer buffer) noexcept;
    void end_stream(Transaction& transaction, Buffer buffer) noexcept;
    /// Groups that hold already in streams that go on; those that forbid something wait.
    void look_at_streams(Transaction& transaction) noexcept;
    void drop_streams(Transaction& transaction) noexcept;
    void release(Transaction& transaction) noexcept;

    /// Which groups hold in a value? `size` is known when it is complete; `excerpt(term)` gives
    /// the bytes to show.
    template <typename Excerpt>
    void decide(Transaction& transaction, const BufferProgram& buffer, BitRow hits,
                std::optional<std::uint64_t> size, Excerpt&& excerpt) noexcept;
    void hold(Transaction& transaction, std::uint32_t group, std::string_view excerpt) noexcept;

    bool rule_holds(const Transaction& transaction, std::uint32_t rule) noexcept;
    void report(Transaction& transaction, HitSink& sink) noexcept;
    void report_rule(const Transaction& transaction, std::uint32_t rule, HitSink& sink) noexcept;
};

}  // namespace querytap::signature
