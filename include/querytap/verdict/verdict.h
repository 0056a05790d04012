// Evidence -> verdict, with reasons. A verdict never falls within a flow; the score is the sum of
// the weights of distinct pieces of evidence (documented in src/verdict/README.md).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <querytap/base/bounded_text.h>

namespace querytap::verdict {

/// EVE verdict.level. `unknown`: nothing speaks against it, and no policy for it. `benign`: a
/// policy of the owner allows it and nothing speaks against it.
enum class Level : std::uint8_t { kUnknown, kBenign, kSuspicious, kMalicious };
inline constexpr std::size_t kLevelCount = 4;
std::string_view name(Level level) noexcept;

/// EVE verdict.reasons[].kind.
enum class Kind : std::uint8_t { kSignature, kPolicy, kProtocol, kBehaviour };
std::string_view name(Kind kind) noexcept;

struct Reason {
    Kind kind{};
    std::uint16_t weight = 0;
    std::uint32_t count = 1;    ///< how often this evidence came
    BoundedText<40> id;         ///< "sid:9000001", "framing-lost", "server-not-allowed"
    BoundedText<160> text;      ///< plain words
    BoundedText<16> technique;  ///< MITRE ATT&CK id; may be empty
};

inline constexpr std::uint16_t kSuspiciousFrom = 40;
inline constexpr std::uint16_t kMaliciousFrom = 90;
inline constexpr std::size_t kReasonsMax = 8;

/// Weight of a signature hit by the rule's `confidence` and `priority`.
std::uint16_t signature_weight(std::string_view confidence, std::uint8_t priority) noexcept;

/// The evidence of one flow.
class Ledger {
  public:
    /// Adds evidence; the same id again only counts. Returns true when the level rose. When all
    /// places are taken the lightest reason gives way to a heavier one (its weight stays counted);
    /// a lighter one is folded.
    bool add(Kind kind, std::string_view id, std::string_view text, std::string_view technique,
             std::uint16_t weight) noexcept;
    /// The owner's policy allows this conversation. Returns true when the level rose.
    bool allow() noexcept;

    Level level() const noexcept { return level_; }
    std::uint32_t score() const noexcept { return score_; }
    std::size_t size() const noexcept { return size_; }
    const Reason& operator[](std::size_t i) const noexcept { return reasons_[i]; }
    std::uint32_t folded() const noexcept { return folded_; }  ///< reasons that found no place

  private:
    std::array<Reason, kReasonsMax> reasons_{};
    std::uint8_t size_ = 0;
    Level level_ = Level::kUnknown;
    std::uint32_t score_ = 0;
    std::uint32_t folded_ = 0;
};

}  // namespace querytap::verdict
