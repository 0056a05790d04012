// The verdict on a pair (client, server and its port): what all their flows had against them, each
// piece of evidence once, fading with the time since it was last seen. So what no single flow
// amounts to adds up, and a pair that behaves is forgiven. Also says which records of flows need
// not be written, since a pair repeats itself.
//
// One thread. Allocates: it is the control thread's. Time is the packets'; the same events give the
// same verdicts.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include <querytap/base/ip_address.h>
#include <querytap/base/time.h>
#include <querytap/verdict/verdict.h>

namespace querytap::verdict {

struct Pair {
    IpAddress client;
    IpAddress server;
    std::uint16_t port = 0;  ///< the server's
    auto operator<=>(const Pair&) const noexcept = default;
};

struct PairOptions {
    Duration half_life =
        std::chrono::hours(24);           ///< in which unseen evidence loses half its weight
    std::size_t pairs = 65536;            ///< kept at once; those beyond are counted
    std::uint32_t records_a_minute = 30;  ///< of one pair, that tell nothing new
};

struct PairVerdict {
    Level level{};
    Level previous{};
    std::uint32_t score = 0;
    std::uint32_t flows = 0;    ///< that had something against them
    std::uint32_t folded = 0;   ///< records of flows that were not written, since the last one
    std::uint8_t left_out = 0;  ///< of those flows, for overload: the bits of all
    std::uint8_t reason_count = 0;
    std::array<Reason, kReasonsMax> reasons;  ///< heaviest first; weights as they are by now
};

class PairBook {
  public:
    explicit PairBook(const PairOptions& options) : options_(options) {}

    /// What a flow's verdict means for its pair.
    struct Outcome {
        bool write_flow = true;  ///< false: folded
        std::optional<PairVerdict> pair;
    };
    /// left_out: what of the flow was not inspected, a bit for each kind; a kind that is new with
    /// the pair is news.
    Outcome add(const Pair& pair, std::uint64_t flow, Level level, std::span<const Reason> reasons,
                std::uint8_t left_out, Timestamp now);

    /// As it is by now; nothing where nothing is held against it.
    std::optional<PairVerdict> look(const Pair& pair, Timestamp now);

    /// Once a minute of packet time: pairs whose level fell, or that have folded records to tell,
    /// are told; those with nothing left are forgotten.
    using Tell = std::function<void(const Pair&, const PairVerdict&)>;
    void advance(Timestamp now, const Tell& tell);

    /// The end: what is folded is told.
    void finish(Timestamp now, const Tell& tell);

    std::size_t size() const noexcept { return pairs_.size(); }
    /// Verdicts of pairs that found no place.
    std::uint64_t left_out() const noexcept { return left_out_; }

  private:
    struct Evidence {
        Reason reason;
        std::uint64_t flow = 0;  ///< that had it last
        Timestamp seen{};
    };
    struct Entry {
        std::array<Evidence, kReasonsMax> evidence;
        std::uint8_t size = 0;
        std::uint8_t left_out = 0;
        Level level = Level::kUnknown;
        std::uint64_t last_flow = 0;
        std::uint32_t flows = 0;
        std::uint32_t folded = 0;
        std::uint32_t written = 0;  ///< in this minute
    };
    bool note(Entry& entry, const Reason& reason, std::uint64_t flow, Timestamp now) const;
    double faded(const Evidence& evidence, Timestamp now) const;
    double score(const Entry& entry, Timestamp now) const;
    PairVerdict verdict(Entry& entry, Level level, Timestamp now) const;

    PairOptions options_;
    std::map<Pair, Entry> pairs_;
    Timestamp next_minute_{};
    std::uint64_t left_out_ = 0;
};

}  // namespace querytap::verdict
