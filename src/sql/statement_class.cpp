#include <algorithm>

#include <querytap/sql/statement_class.h>

namespace querytap::sql {
namespace {

bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '@' || c == '#' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

template <std::size_t kSize>
bool is_one_of(std::string_view word, const std::array<std::string_view, kSize>& sorted) noexcept {
    return std::binary_search(sorted.begin(), sorted.end(), word);
}

constexpr std::array<std::string_view, 10> kAdminVerbs{
    "backup", "checkpoint",  "dbcc",    "deny",   "grant",
    "kill",   "reconfigure", "restore", "revoke", "shutdown"};
constexpr std::array<std::string_view, 6> kWriteVerbs{"delete",   "insert", "merge",
                                                      "truncate", "update", "updatetext"};
/// What CREATE, ALTER and DROP do to the server and its rights, rather than to data.
constexpr std::array<std::string_view, 16> kAdminObjects{
    "application", "assembly",      "asymmetric", "authorization", "availability", "certificate",
    "credential",  "cryptographic", "endpoint",   "event",         "login",        "resource",
    "role",        "server",        "symmetric",  "user"};
/// Procedures of the system that neither administer nor run anything.
constexpr std::array<std::string_view, 24> kDriverProcedures{"sp_cursor",
                                                             "sp_cursorclose",
                                                             "sp_cursorexecute",
                                                             "sp_cursorfetch",
                                                             "sp_cursoropen",
                                                             "sp_cursoroption",
                                                             "sp_cursorprepare",
                                                             "sp_cursorprepexec",
                                                             "sp_cursorunprepare",
                                                             "sp_describe_first_result_set",
                                                             "sp_describe_parameter_encryption",
                                                             "sp_describe_undeclared_parameters",
                                                             "sp_execute",
                                                             "sp_executesql",
                                                             "sp_getapplock",
                                                             "sp_oledb_ro_usrname",
                                                             "sp_prepare",
                                                             "sp_prepexec",
                                                             "sp_prepexecrpc",
                                                             "sp_releaseapplock",
                                                             "sp_reset_connection",
                                                             "sp_tablecollations_100",
                                                             "sp_unprepare",
                                                             "sp_who"};
constexpr std::array<std::string_view, 12> kAdminPrefixes{
    "xp_",        "sp_oa",      "sp_add",          "sp_drop",
    "sp_change",  "sp_config",  "sp_serveroption", "sp_start_",
    "sp_update_", "sp_delete_", "sp_procoption",   "sp_set"};

}  // namespace

std::string_view name(StatementClass which) noexcept {
    static constexpr std::array<std::string_view, kStatementClassCount> kNames{
        "read", "write", "ddl", "admin", "execution"};
    return kNames[static_cast<std::size_t>(which)];
}

StatementClasses classify_procedure(std::string_view name) noexcept {
    std::array<char, 64> lower;
    name.remove_prefix(std::min(name.size(), name.rfind('.') + 1));  // npos + 1 is 0
    while (name.starts_with('['))
        name.remove_prefix(1);
    while (name.ends_with(']'))
        name.remove_suffix(1);
    const std::size_t size = std::min(name.size(), lower.size());
    std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const std::string_view procedure(lower.data(), size);

    StatementClasses classes;
    if (procedure.empty() || is_one_of(procedure, kDriverProcedures)) return classes;
    const bool administers =
        std::any_of(kAdminPrefixes.begin(), kAdminPrefixes.end(),
                    [&](std::string_view prefix) { return procedure.starts_with(prefix); });
    classes.add(administers ? StatementClass::kAdmin : StatementClass::kExecution);
    return classes;
}

void StatementClassifier::add(std::string_view normalised) noexcept {
    for (const char c : normalised)
        step(c);
}

StatementClasses StatementClassifier::end() noexcept {
    if (size_ > 0) word();
    size_ = 0;
    return found_;
}

void StatementClassifier::step(char c) noexcept {
    if (in_literal_) {
        in_literal_ = c != '\'';  // a doubled quote ends one literal and begins the next
        return;
    }
    if (is_word(c)) {
        if (size_ < word_.size()) word_[size_++] = c;
        return;
    }
    // A name of several parts is one: what comes before the dot is not judged.
    if (c == '.') {
        if (previous_ != Previous::kExec && !first_) previous_ = Previous::kDot;
        size_ = 0;
        return;
    }
    if (size_ > 0) word();
    size_ = 0;
    in_literal_ = c == '\'';
    if (c == ';') {
        previous_ = Previous::kOther;
        first_ = true;
        selecting_ = false;
    } else if (c == '(' && previous_ == Previous::kExec) {
        found_.add(StatementClass::kExecution);  // EXEC('...')
        previous_ = Previous::kOther;
    } else if (c != ' ' && c != '=' && c != '[' && previous_ != Previous::kGrant) {
        previous_ = Previous::kOther;
    }
}

void StatementClassifier::word() noexcept {
    const std::string_view word(word_.data(), size_);
    const Previous previous = previous_;
    const bool first = first_;
    first_ = false;
    previous_ = previous == Previous::kGrant ? Previous::kGrant : Previous::kOther;
    if (previous == Previous::kDot || previous == Previous::kNoVerb) return;
    if (previous == Previous::kExec) {
        procedure(word);
        return;
    }
    if (previous == Previous::kDdl) {
        found_.add(is_one_of(word, kAdminObjects) ? StatementClass::kAdmin : StatementClass::kDdl);
        return;
    }
    if (word == "on" || word == "for" || word == "after" || word == "of") {
        previous_ = Previous::kNoVerb;
    } else if (previous == Previous::kGrant) {
        return;
    } else if (word == "select" || word == "readtext") {
        found_.add(StatementClass::kRead);
        selecting_ = true;
    } else if (word == "into") {
        if (selecting_) found_.add(StatementClass::kWrite);
    } else if (is_one_of(word, kWriteVerbs)) {
        found_.add(StatementClass::kWrite);
        selecting_ = false;
    } else if (word == "create" || word == "alter" || word == "drop") {
        previous_ = Previous::kDdl;
        selecting_ = false;
    } else if (is_one_of(word, kAdminVerbs)) {
        found_.add(StatementClass::kAdmin);
        selecting_ = false;
        const bool rights = word == "grant" || word == "deny" || word == "revoke";
        if (rights) previous_ = Previous::kGrant;
    } else if (word == "exec" || word == "execute") {
        previous_ = Previous::kExec;
        selecting_ = false;
    } else if (first && (word.starts_with("sp_") || word.starts_with("xp_"))) {
        procedure(word);  // the first statement of a text may lack its EXEC
    }
}

void StatementClassifier::procedure(std::string_view name) noexcept {
    // EXEC @status=name, EXEC @name
    if (name.starts_with('@')) {
        previous_ = Previous::kExec;
        found_.add(StatementClass::kExecution);
        return;
    }
    found_.add(classify_procedure(name));
}

}  // namespace querytap::sql
