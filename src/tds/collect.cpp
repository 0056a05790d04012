#include "collect.h"

namespace querytap::tds {

std::size_t CollectParser::run(Bytes bytes, const MessageScope& scope) {
    if (!buffer_.borrow(scope.pool)) {
        if (!refused_) scope.anomaly(Anomaly::kLimit);
        refused_ = true;
        return bytes.size();
    }
    Bytes left = bytes.first(std::min(bytes.size(), SessionPool::kBufferSize - size_));
    while (!left.empty()) {
        // The fixed part first: it says where the passwords are.
        std::size_t stop = SessionPool::kBufferSize;
        if (is_login_ && size_ < kLogin7Fixed) {
            stop = size_ < kLogin7FixedShort ? kLogin7FixedShort : kLogin7Fixed;
        }
        const std::size_t size = std::min(left.size(), stop - size_);
        keep(left.first(size));
        left = left.subspan(size);
        if (is_login_ && size_ == stop) find_secrets();
    }
    return bytes.size();
}

void CollectParser::find_secrets() noexcept {
    if (size_ == kLogin7FixedShort) secrets_[0] = password_of(kept());
    if (size_ == kLogin7Fixed) secrets_[1] = changed_password_of(kept());
}

/// Copies all but the secrets, which become zeros.
void CollectParser::keep(Bytes bytes) noexcept {
    while (!bytes.empty()) {
        std::size_t size = bytes.size();
        bool secret = false;
        for (const Secret& range : secrets_) {
            if (size_ < range.offset) {
                if (range.size > 0) size = std::min(size, range.offset - size_);
            } else if (size_ < range.offset + range.size) {
                secret = true;
                size = std::min(size, range.offset + range.size - size_);
            }
        }
        if (secret) {
            std::memset(buffer_.data() + size_, 0, size);
        } else {
            std::memcpy(buffer_.data() + size_, bytes.data(), size);
        }
        size_ = static_cast<std::uint16_t>(size_ + size);
        bytes = bytes.subspan(size);
    }
}

}  // namespace querytap::tds
