#include <algorithm>

#include <querytap/verdict/verdict.h>

namespace querytap::verdict {

std::string_view name(Level level) noexcept {
    switch (level) {
        case Level::kUnknown:
            return "unknown";
        case Level::kBenign:
            return "benign";
        case Level::kSuspicious:
            return "suspicious";
        case Level::kMalicious:
            return "malicious";
    }
    return "unknown";
}

std::string_view name(Kind kind) noexcept {
    switch (kind) {
        case Kind::kSignature:
            return "signature";
        case Kind::kPolicy:
            return "policy";
        case Kind::kProtocol:
            return "protocol";
        case Kind::kBehaviour:
            return "behaviour";
    }
    return "unknown";
}

std::uint16_t signature_weight(std::string_view confidence, std::uint8_t priority) noexcept {
    // Priority 4 and beyond is what its author calls informational.
    if (priority > 3) return 5;
    if (confidence == "high") return 100;
    if (confidence == "low") return 15;
    return 50;
}

bool Ledger::add(Kind kind, std::string_view id, std::string_view text, std::string_view technique,
                 std::uint16_t weight) noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
        if (reasons_[i].kind == kind && reasons_[i].id.view() == id) {
            ++reasons_[i].count;
            return false;
        }
    }
    Reason* place = nullptr;
    if (size_ < kReasonsMax) {
        place = &reasons_[size_++];
    } else {
        ++folded_;
        place = std::min_element(reasons_.begin(), reasons_.end(),
                                 [](const auto& a, const auto& b) { return a.weight < b.weight; });
        if (place->weight >= weight) place = nullptr;
    }
    if (place == nullptr) return false;  // eight heavier ones speak already
    place->kind = kind;
    place->weight = weight;
    place->count = 1;
    place->id.assign(id);
    place->text.assign(text);
    place->technique.assign(technique);
    score_ += weight;

    const Level level = score_ >= kMaliciousFrom    ? Level::kMalicious
                        : score_ >= kSuspiciousFrom ? Level::kSuspicious
                                                    : level_;
    if (level <= level_) return false;
    level_ = level;
    return true;
}

bool Ledger::allow() noexcept {
    if (level_ != Level::kUnknown) return false;
    level_ = Level::kBenign;
    return true;
}

}  // namespace querytap::verdict
