// SQL text as it stands on the wire -> the views that signatures match.
//
//   raw         the text in UTF-8
//   normalised  what T-SQL means, in one spelling (below)
//   literals    the contents of string literals, decoded, one to a line
//   decoded     text that stands in literals as base64, one to a line
//   dynamic     text that a statement executes, normalised again
//
// Normalised spelling. The text is a row of tokens; these rules spell each and what is between:
//
//   between     Nothing, but one blank between two words and one between two literals:
//               `exec master..xp_cmdshell'DIR'`, `select top 100*from dbo.t where msgid='ID'`.
//   blanks      00-20, 7F, 85, A0, Unicode's spaces and line separators, characters of no width,
//               comments (/* */ nest; -- ends at LF, not at CR). They separate tokens:
//               `exec/**/xp_cmdshell` is two words, and so is `xp_/**/cmdshell`.
//   words       Letters, digits, _ @ # $ and all that is not ASCII; ASCII letters in lower case,
//               full-width ASCII as ASCII. Full-width quotes and brackets are letters.
//   names       [name] and "name" are words: name in lower case, each character that cannot stand
//               in a word as '_', blanks at the end and characters of no width left out. "..." is a
//               name only if a plain word of at most 128 bytes stands in it, otherwise a literal.
//   numbers     Digits and an exponent: `1e5`; then a new word begins: 1from is `1 from`.
//   binary      0X and its digits in UPPER case; a backslash before a line end is skipped.
//   literals    '...': contents in UPPER case (ASCII), '' for a quote, no N before it; a backslash
//               before a line end is skipped with it. So a signature for code (`exec xp_cmdshell`)
//               cannot match inside a literal, and one for a literal says so
//               (`sp_configure'XP_CMDSHELL',1`).
//   the rest    Punctuation, one character each, as it is; `;` too.
//
// Nothing is added: the first statement of a text may lack its EXEC, and EXECUTE stays `execute`.
//
// Folded into one literal: 'a'+'b' (with COLLATE between, too); the string functions CONCAT,
// CONCAT_WS, REVERSE, REPLACE, TRANSLATE, SUBSTRING, LEFT, RIGHT, STUFF, LOWER, UPPER, TRIM, LTRIM,
// RTRIM, SPACE, REPLICATE, FORMATMESSAGE, ISNULL and COALESCE of constants; CHAR(n) and NCHAR(n) of
// numbers, sums and products beside a '+', behind a '=' or inside another function (else they may
// be types); CAST and CONVERT of a literal or a 0x literal to a character type (its length is
// ignored), and of digits in a literal to a binary one; plain parentheses behind a '+'. Inside a
// function a variable that was given a constant is that constant. An expression of more than 4096
// bytes, eight levels, or a value longer than its own text is left as far as it is not folded yet,
// and counted.
//
// Literals view: each literal of the normalised view (folded ones as one), in its own case; and the
// text of a 0x literal that is assigned to a variable or executed as text.
//
// Decoded view: each run of base64 in a literal that stands for readable text, in UTF-8 or
// UTF-16LE, of 24 bytes at least. What comes out is not decoded again.
//
// Dynamic views: the constants in EXEC('...'), EXEC('...') AT server, sp_executesql (also
// sp_sqlexec, sp_prepare, sp_prepexec, the cursor procedures, sp_MSforeachdb, sp_MSforeachtable,
// xp_execresultset), OPENQUERY(server, '...'), and EXEC(@v), sp_executesql @v of a variable that
// DECLARE, SET or SELECT gave a constant (0x as VARCHAR or, by the variable's type, as NVARCHAR).
// A variable that is not known stands there by its name. EXEC @v with a procedure's name in @v is
// shown as `exec name` with its arguments. A parameter of sp_executesql that its statement executes
// is executed text, too. Of each text 4 KiB are kept, and when it is longer, without its blanks and
// comments; its own dynamic text up to three levels deeper; from the kDynamicViewsMax-th on, texts
// share a view, one after the other; of 32 variables, and where there are more, the oldest are
// forgotten. Literals elsewhere are data: nothing in an INSERT or a procedure's parameters becomes
// code.
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
    virtual void on_decoded(std::string_view) {}  ///< pieces; '\n' ends each base64 run
    /// Normalised text of dynamic SQL, in view `index` 0..kDynamicViewsMax-1.
    virtual void on_dynamic(int index, std::string_view) { (void)index; }
    /// That text ends; another may follow in the same view.
    virtual void on_dynamic_end(int index) { (void)index; }
};

/// Variables that a text executes though it gave them no value: parameters, if it is the statement
/// of sp_executesql. Their values are SQL, then.
class ExecutedNames {
  public:
    /// Of a name in any case, with its @.
    static std::uint64_t hash(std::string_view name) noexcept;

    void add(std::uint64_t hash) noexcept;
    bool contains(std::uint64_t hash) const noexcept;
    bool empty() const noexcept { return count_ == 0; }

  private:
    std::array<std::uint64_t, 4> hashes_{};
    std::uint8_t count_ = 0;
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

/// A text that is there as a whole, in UTF-8: a name, say. Returns what it executes.
ExecutedNames normalise(std::string_view utf8, Scratch& scratch, Views& views);

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
    /// Since begin(): what was executed without our knowing its text.
    const ExecutedNames& executed() const noexcept;
    /// Since begin(): state transitions and bytes moved, for tests of linearity.
    std::uint64_t steps() const noexcept;

  private:
    Engine& engine() noexcept;
    const Engine& engine() const noexcept;

    // Checked in normaliser.cpp.
    static constexpr std::size_t kStateSize = 16384;
    alignas(8) std::array<unsigned char, kStateSize> state_;
};

}  // namespace querytap::sql
