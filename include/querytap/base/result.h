// Errors at the borders (configuration, rules, files): a value or what was wrong, where, and what
// to do instead. The packet path uses counters, not these.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace querytap {

struct Error {
    std::string message{};  ///< what was wrong, without a full stop
    std::string hint{};     ///< what to write or do instead; may be empty
    std::string file{};     ///< empty where no file is involved
    int line = 0;           ///< 1-based; 0 = unknown
    int column = 0;         ///< 1-based; 0 = unknown

    /// "file:line:column: message (hint)", as compilers print it.
    std::string to_string() const;
};

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

    bool ok() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }

    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const { return std::get<1>(state_); }

  private:
    std::variant<T, Error> state_;
};

using Status = Result<std::monostate>;
inline Status success() {
    return Status{std::monostate{}};
}

}  // namespace querytap
