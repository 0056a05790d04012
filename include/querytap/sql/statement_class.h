// What kind of statements a SQL text holds: its words in the normalised spelling, looked at once.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace querytap::sql {

enum class StatementClass : std::uint8_t {
    kRead,       ///< SELECT
    kWrite,      ///< INSERT, UPDATE, DELETE, MERGE, SELECT INTO, TRUNCATE, bulk load
    kDdl,        ///< CREATE, ALTER, DROP
    kAdmin,      ///< rights, logins, backup, configuration of the server, extended procedures
    kExecution,  ///< procedures, by EXEC or by RPC
};
inline constexpr std::size_t kStatementClassCount = 5;
std::string_view name(StatementClass which) noexcept;

class StatementClasses {
  public:
    void add(StatementClass which) noexcept {
        bits_ = static_cast<std::uint8_t>(bits_ | 1u << static_cast<unsigned>(which));
    }
    void add(StatementClasses other) noexcept {
        bits_ = static_cast<std::uint8_t>(bits_ | other.bits_);
    }
    bool has(StatementClass which) const noexcept {
        return (bits_ & 1u << static_cast<unsigned>(which)) != 0;
    }
    bool any() const noexcept { return bits_ != 0; }
    /// Every class of this is in `allowed`.
    bool within(StatementClasses allowed) const noexcept {
        return (bits_ & ~unsigned{allowed.bits_}) == 0;
    }
    bool operator==(const StatementClasses&) const noexcept = default;

  private:
    std::uint8_t bits_ = 0;
};

/// A procedure called by name: execution, or administration; none for those by which drivers send
/// statements (sp_executesql, sp_prepare, cursors).
StatementClasses classify_procedure(std::string_view name) noexcept;

/// Text in the normalised spelling, in pieces cut anywhere. Statements need no separator in T-SQL,
/// but their first words are reserved: wherever such a word stands as code, a statement begins.
class StatementClassifier {
  public:
    void begin() noexcept { *this = StatementClassifier(); }
    void add(std::string_view normalised) noexcept;
    /// After the last piece.
    StatementClasses end() noexcept;

  private:
    enum class Previous : std::uint8_t {
        kOther,
        kDot,     ///< the next word is part of a name
        kNoVerb,  ///< ON, FOR, AFTER, OF: the next word is an event, no statement
        kDdl,     ///< CREATE, ALTER, DROP: the next word says of what
        kExec,    ///< the next word is a procedure
        kGrant,   ///< the next words are rights
    };

    void step(char c) noexcept;
    void word() noexcept;
    void procedure(std::string_view name) noexcept;

    StatementClasses found_{};
    Previous previous_ = Previous::kOther;
    bool in_literal_ = false;
    bool first_ = true;       ///< no word was seen: it may be a procedure without EXEC
    bool selecting_ = false;  ///< SELECT was the last verb: INTO makes it a write
    std::uint8_t size_ = 0;
    std::array<char, 32> word_{};
};

}  // namespace querytap::sql
