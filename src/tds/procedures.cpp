#include "procedures.h"

#include <algorithm>
#include <array>

namespace querytap::tds {
namespace {

using Kind = Statements::Kind;

constexpr Handles kNone;
constexpr Handles kOpensCursor{.gives_cursor = true};
constexpr Handles kUsesCursor{.takes = Kind::kCursor};
constexpr Handles kClosesCursor{.takes = Kind::kCursor, .forgets = true};
// What prepares takes the handle that it replaces.
constexpr Handles kPrepares{.takes = Kind::kPrepared, .forgets = true, .gives_prepared = true};
constexpr Handles kPreparesCursor{
    .takes = Kind::kPrepared, .forgets = true, .gives_prepared = true, .gives_cursor = true};
constexpr Handles kExecutes{.takes = Kind::kPrepared};
constexpr Handles kExecutesCursor{.takes = Kind::kPrepared, .gives_cursor = true};
constexpr Handles kUnprepares{.takes = Kind::kPrepared, .forgets = true};

constexpr std::array<Procedure, 15> kProcedures{{
    {1, -1, "sp_cursor", kUsesCursor},
    {2, 1, "sp_cursoropen", kOpensCursor},
    {3, 2, "sp_cursorprepare", kPrepares},
    {4, -1, "sp_cursorexecute", kExecutesCursor},
    {5, 3, "sp_cursorprepexec", kPreparesCursor},
    {6, -1, "sp_cursorunprepare", kUnprepares},
    {7, -1, "sp_cursorfetch", kUsesCursor},
    {8, -1, "sp_cursoroption", kUsesCursor},
    {9, -1, "sp_cursorclose", kClosesCursor},
    {10, 0, "sp_executesql", kNone},
    {11, 2, "sp_prepare", kPrepares},
    {12, -1, "sp_execute", kExecutes},
    {13, 2, "sp_prepexec", kPrepares},
    {14, 1, "sp_prepexecrpc", kPrepares},
    {15, -1, "sp_unprepare", kUnprepares},
}};

/// What else executes a statement has no number.
constexpr std::array<Procedure, 4> kByNameOnly{{
    {0, 0, "sp_sqlexec", kNone},
    {0, 0, "xp_execresultset", kNone},
    {0, 0, "sp_msforeachdb", kNone},
    {0, 0, "sp_msforeachtable", kNone},
}};

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equal(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) noexcept {
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

/// The last part of a name of up to four parts, without quotes. A part in brackets may contain
/// dots; none of the names above does.
std::string_view last_part(std::string_view name) noexcept {
    if (const auto dot = name.rfind('.'); dot != name.npos) name.remove_prefix(dot + 1);
    if (const auto number = name.find(';'); number != name.npos) name = name.substr(0, number);
    name = trim(name);
    if (name.size() < 2) return name;
    const bool bracketed = name.front() == '[' && name.back() == ']';
    const bool quoted = name.front() == '"' && name.back() == '"';
    return bracketed || quoted ? trim(name.substr(1, name.size() - 2)) : name;
}

}  // namespace

const Procedure* find_procedure(std::uint16_t id) noexcept {
    return id >= 1 && id <= kProcedures.size() ? &kProcedures[id - 1U] : nullptr;
}

const Procedure* find_procedure(std::string_view name) noexcept {
    const std::string_view wanted = last_part(name);
    for (const Procedure& procedure : kProcedures) {
        if (equal(procedure.name, wanted)) return &procedure;
    }
    for (const Procedure& procedure : kByNameOnly) {
        if (equal(procedure.name, wanted)) return &procedure;
    }
    return nullptr;
}

bool names_statement(std::string_view parameter) noexcept {
    return equal(parameter, "@stmt") || equal(parameter, "@statement");
}

}  // namespace querytap::tds
