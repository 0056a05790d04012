// What each signature costs on given traffic. For tools; allocates.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/signature/ruleset.h>
#include <querytap/signature/scanner.h>

namespace querytap::signature {

/// Keeps what a scanner is given, up to a bound; what is beyond is counted.
class RecordedValues final : public ScanObserver {
  public:
    static constexpr std::size_t kBytesMax = 256u << 20;

    void on_piece(Buffer buffer, std::string_view data) noexcept override;

    const std::vector<std::string>& of(Buffer buffer) const noexcept {
        return pieces_[static_cast<std::size_t>(buffer)];
    }
    std::size_t bytes() const noexcept { return bytes_; }
    std::uint64_t left_out() const noexcept { return left_out_; }

  private:
    std::array<std::vector<std::string>, kBufferCount> pieces_;
    std::size_t bytes_ = 0;
    std::uint64_t left_out_ = 0;
};

struct RuleCost {
    std::uint32_t sid = 0;
    std::string message;
    double seconds = 0;         ///< CPU time of its patterns alone, over all that was recorded
    std::size_t bytes = 0;      ///< that they looked at
    std::uint64_t matches = 0;  ///< pieces in which at least one of its patterns matched
};

/// Each rule of the directory by itself, the dearest first. Rules share work when they are compiled
/// together, so the sum is more than what the whole set costs; the order is what counts.
Result<std::vector<RuleCost>> profile(const std::filesystem::path& directory,
                                      const LoadOptions& options, const RecordedValues& values);

}  // namespace querytap::signature
