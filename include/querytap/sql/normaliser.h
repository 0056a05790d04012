// SQL text as it stands on the wire -> the views that signatures match.
//
//   raw         the text in UTF-8
//   normalised  what T-SQL means, in one spelling (below)
//   literals    the contents of string literals, decoded, one to a line
//
// Normalised spelling:
//   - comments (nested /* */, -- to end of line) and white space (01-20, U+00A0, ...) separate
//   tokens
//     and leave one blank only between two word tokens; punctuation stands without blanks:
//     `exec master..xp_cmdshell'DIR'`, `select top 100*from dbo.t where msgid='ID'`
//   - code is lower case; [name] and "name" are written as name, lower case, with every byte that
//     cannot stand in a plain identifier as '_'
//   - string literals keep their quotes, lose their N, and their contents are UPPER CASE (ASCII).
//   So
//     a signature for code (`exec xp_cmdshell`) cannot match inside a literal, and one that needs a
//     literal says so (`sp_configure'XP_CMDSHELL',1`). '' inside stays ''. Binary literals:
//     0X4D5A...
//   - concatenated constants are one literal: 'xp_'+'cmdshell' -> 'XP_CMDSHELL'
//   - text that a statement will execute (EXEC('...'), sp_executesql N'...', EXEC of a variable
//   that
//     was assigned a constant) is normalised again as a view of its own, on_dynamic(); at most
//     kDynamicViewsMax of them, the rest is counted.
//
// Text comes in chunks cut anywhere (also inside a UTF-16 unit); the concatenation of what comes
// out does not depend on the cuts. Work is linear in the input; state is fixed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include <querytap/base/bytes.h>

namespace querytap::sql {

enum class Encoding : std::uint8_t { kUtf16le, kSingleByte };

inline constexpr int kDynamicViewsMax = 4;

/// Receives the views in pieces. Each piece is valid during the call only.
class Views {
  public:
    virtual ~Views() = default;
    virtual void on_raw(std::string_view) {}
    virtual void on_normalised(std::string_view) {}
    virtual void on_literal(std::string_view) {}  ///< pieces; '\n' ends each literal
    /// `index` 0..kDynamicViewsMax-1; normalised text of dynamic SQL number `index`.
    virtual void on_dynamic(int index, std::string_view) { (void)index; }
};

/// Output buffers, shared by the normalisers of a worker (used only inside one call of feed or
/// end).
class Scratch {
  public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    struct Impl;
    Impl& impl() noexcept { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

struct Engine;

/// The text of one message (or one parameter). Reused: begin() starts afresh.
class Normaliser {
  public:
    Normaliser() noexcept;

    void begin(Encoding encoding) noexcept;
    void feed(Bytes chunk, Scratch& scratch, Views& views);
    void end(Scratch& scratch, Views& views);

    /// Since begin(): how often a bound left something unfolded, cut or without a view.
    std::uint32_t limits_hit() const noexcept;
    /// Since begin(): state transitions and bytes moved, for tests of linearity.
    std::uint64_t steps() const noexcept;

  private:
    Engine& engine() noexcept;
    const Engine& engine() const noexcept;

    // Checked in normaliser.cpp.
    static constexpr std::size_t kStateSize = 12288;
    alignas(8) std::array<unsigned char, kStateSize> state_;
};

}  // namespace querytap::sql
