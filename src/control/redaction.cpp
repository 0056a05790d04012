#include "redaction.h"

#include <algorithm>
#include <string>

#include <querytap/signature/scanner.h>
#include <querytap/sql/redact.h>

namespace querytap::control {
namespace {

using config::SqlText;
using signature::Buffer;
using sql::Hide;

constexpr std::string_view kHidden = "?";

/// SQL Server puts values into its messages in quotes and in parentheses: Violation of PRIMARY KEY
/// constraint 'PK'. The duplicate key value is (7, x).
std::string redact_message(std::string_view message) {
    std::string out;
    bool inside = false;
    for (const char c : sql::redact(message, Hide::kLiterals)) {
        if (c == ')') inside = false;
        if (!inside) out += c;
        if (c == '(' && !inside) {
            inside = true;
            out += kHidden;
        }
    }
    return out;
}

/// Bytes of a stream that may be SQL in UTF-16: all of them go if a password may be among them.
std::string redact_payload(std::string_view bytes, Hide hide) {
    if (hide == Hide::kLiterals) return std::string(kHidden);
    std::string narrow(bytes);
    std::erase(narrow, '\0');
    const bool secret = sql::redact_literal(narrow, hide) != narrow ||
                        sql::redact_end("'" + narrow, hide).substr(1) != narrow;
    return secret ? std::string(kHidden) : std::string(bytes);
}

/// The literal in which the match ends: those before it are none of its business.
std::string_view last_line(std::string_view lines) {
    if (lines.ends_with('\n')) lines.remove_suffix(1);
    const std::size_t end = lines.rfind('\n');
    return end == lines.npos ? lines : lines.substr(end + 1);
}

std::string redact_excerpt(Buffer buffer, std::string_view excerpt, Hide hide) {
    switch (buffer) {
        case Buffer::kTdsSql:
            return sql::redact_normalised_end(excerpt, hide);
        case Buffer::kTdsSqlRaw:
            return excerpt.size() < signature::kExcerptMax ? sql::redact(excerpt, hide)
                                                           : sql::redact_end(excerpt, hide);
        case Buffer::kTdsLiteral:
        case Buffer::kTdsDecoded:
            return sql::redact_literal(last_line(excerpt), hide);
        case Buffer::kTdsParam:
        case Buffer::kTdsResult:
            return sql::redact_literal(excerpt, hide);
        case Buffer::kTdsError:
            return hide == Hide::kLiterals ? redact_message(excerpt) : std::string(excerpt);
        case Buffer::kTdsTunnel:
        case Buffer::kPayload:
            return redact_payload(excerpt, hide);
        default:
            return std::string(excerpt);  // names: of a procedure, a column, a login's user
    }
}

}  // namespace

void Redaction::apply(pipeline::Event& event) const {
    if (event.type == pipeline::EventType::kAlert) apply(event.alert);
    // Records of the kinds kTls and kSsrp are no Tds, and hold no SQL.
    if (event.type == pipeline::EventType::kTds) apply(event.tds);
}

void Redaction::apply(pipeline::Alert& alert) const {
    if (shown_ == SqlText::kNone) return alert.excerpt.clear();
    const Hide hide = shown_ == SqlText::kFull ? Hide::kSecrets : Hide::kLiterals;
    alert.excerpt.replace(redact_excerpt(alert.buffer, alert.excerpt.view(), hide));
}

void Redaction::apply(pipeline::Tds& tds) const {
    using pipeline::TdsKind;
    if (tds.kind != TdsKind::kQuery && tds.kind != TdsKind::kError) return;
    if (shown_ == SqlText::kNone) {
        tds.text.clear();
        tds.parameters.clear();
        return;
    }
    const Hide hide = shown_ == SqlText::kFull ? Hide::kSecrets : Hide::kLiterals;
    if (tds.kind == TdsKind::kError) {
        if (hide == Hide::kLiterals) tds.text.replace(redact_message(tds.text.view()));
        return;
    }
    tds.text.replace(sql::redact(tds.text.view(), hide));
    tds.parameters.replace(
        sql::redact_parameters(tds.procedure.view(), tds.parameters.view(), hide));
}

}  // namespace querytap::control
