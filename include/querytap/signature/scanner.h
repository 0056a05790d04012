// Matching: one Scanner for each worker and rule set, one Transaction for each TDS message (or raw
// stream) being matched. All conditions of a rule must hold within one transaction.
//
// A buffer that is complete in one piece is scanned in block mode; one that comes in pieces in
// streaming mode. The result is the same. Scratch space and stream states are taken at start; when
// the pool of streams is empty the buffer is scanned piecewise in block mode and
// `streams_exhausted` counts it.
//
// One thread. Neither a Scanner nor its transactions outlive the RuleSet.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <querytap/base/counter.h>
#include <querytap/base/ip_address.h>
#include <querytap/base/result.h>
#include <querytap/signature/rule_counts.h>
#include <querytap/signature/ruleset.h>
#include <querytap/signature/xbit_table.h>

namespace querytap::signature {

/// Sees what is scanned: for profiles of rules, in tools.
class ScanObserver {
  public:
    virtual ~ScanObserver() = default;
    virtual void on_piece(Buffer buffer, std::string_view data) noexcept = 0;
};

struct ScannerLimits {
    std::size_t transactions = 4096;  ///< open at once
    std::size_t streams = 4096;       ///< Hyperscan streams open at once
    ScanObserver* observer = nullptr;
};

/// flowbits of one conversation: a bit for each name that rules use.
using FlowBits = std::uint64_t;

/// What rule headers and `flow:` ask of the conversation.
struct FlowFacts {
    IpAddress client;
    IpAddress server;
    std::uint16_t client_port = 0;
    std::uint16_t server_port = 0;
    bool to_server = true;  ///< direction of this transaction
    bool established = true;
    bool is_tds = true;
    bool is_udp = false;
    FlowBits* bits = nullptr;    ///< outlives the transaction; none: no bit is ever set
    XbitTable* xbits = nullptr;  ///< the same
};

inline constexpr std::size_t kExcerptMax = 192;

struct Hit {
    std::uint32_t rule = 0;    ///< index into RuleSet::rules()
    Buffer buffer{};           ///< of the rule's last content
    std::string_view excerpt;  ///< up to kExcerptMax bytes of the buffer that end with the match
};

class HitSink {
  public:
    virtual ~HitSink() = default;
    virtual void on_hit(const Hit& hit) = 0;
};

/// Handle of an open transaction; kNone when the pool was exhausted (then every call is a no-op).
enum class TransactionId : std::uint32_t { kNone = UINT32_MAX };

struct ScannerCounters {
    Counter scanned_bytes;
    Counter transactions_exhausted;
    Counter streams_exhausted;
    Counter suppressed;  ///< hits that threshold.config suppresses
    RuleCounts rules;
    Counter excerpts_exhausted;  ///< a hit whose bytes found no place: it is reported without them
};

class Scanner {
  public:
    /// `counters` is the worker's and outlives the scanner: numbers go on across a reload.
    static Result<std::unique_ptr<Scanner>> create(std::shared_ptr<const RuleSet> rules,
                                                   const ScannerLimits& limits,
                                                   ScannerCounters& counters);
    ~Scanner();
    Scanner(const Scanner&) = delete;
    Scanner& operator=(const Scanner&) = delete;

    const RuleSet& rules() const noexcept;

    TransactionId open(const FlowFacts& facts) noexcept;

    /// A whole buffer: block mode. May be called several times for buffers with several values
    /// (parameters, literals): each call is a value of its own.
    void scan(TransactionId transaction, Buffer buffer, std::string_view data) noexcept;

    /// A piece of a buffer: the first piece opens a stream, `last` closes it.
    void stream(TransactionId transaction, Buffer buffer, std::string_view data,
                bool last) noexcept;

    /// A number of the message; several of a kind are looked at one by one.
    void number(TransactionId transaction, Number kind, std::uint64_t value) noexcept;

    /// Reports each rule that holds already and was not reported before, in order of sid; rules
    /// with negated contents wait for close(). For streams without messages (a tunnel).
    void decide(TransactionId transaction, HitSink& sink) noexcept;

    /// Ends open streams, decides all rules of the transaction, reports each that holds once, in
    /// order of sid.
    void close(TransactionId transaction, HitSink& sink) noexcept;
    /// Ends it without a decision.
    void discard(TransactionId transaction) noexcept;

    std::size_t open_transactions() const noexcept;

  private:
    struct Impl;
    explicit Scanner(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::signature
