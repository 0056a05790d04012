#include <algorithm>
#include <optional>

#include <querytap/sql/redact.h>

#include "chars.h"
#include "redact_lexer.h"
#include "secrets.h"

namespace querytap::sql {
namespace {

using Kind = Lexeme::Kind;

constexpr std::string_view kHidden = "?";
constexpr std::string_view kSecret = "***";
constexpr int kDepthMax = 3;

/// '' for each quote, or the reverse.
std::string doubled(std::string_view text) {
    std::string out;
    for (const char c : text)
        out.append(c == '\'' ? 2 : 1, c);
    return out;
}

std::string undoubled(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text[i] == '\'' && i + 1 < text.size() && text[i + 1] == '\'') ++i;
    }
    return out;
}

class Redactor {
  public:
    Redactor(Hide hide, int depth) : hide_(hide), depth_(depth) {}

    std::string run(std::string_view text);

  private:
    /// A call some of whose arguments are secret.
    struct Call {
        SecretArguments secret;
        int parentheses = 0;
        int argument = 0;
        int semicolons = 0;  // since the last comma
        bool function = false;
    };
    /// What the tokens before say of the next literal.
    enum class Key : std::uint8_t {
        kNone,
        kNamed,     // a word that names a secret
        kDeclared,  // a variable of such a name, whose type may stand between
        kAssigned,  // = behind either
    };

    void take(const Lexeme& token);
    void word(std::string_view name);
    void punctuation(char c);
    void literal(const Lexeme& token);
    void number(std::string_view text);
    void bare_value(const Lexeme& token);
    void inside(std::string_view literal);
    bool is_secret() const;
    void count_arguments(char c);

    Hide hide_;
    int depth_;
    Key key_ = Key::kNone;
    bool after_secret_ = false;  // '+' goes on with it
    Call call_;
    std::string_view rest_;
    std::string out_;
};

std::string Redactor::run(std::string_view text) {
    rest_ = text;
    out_.clear();
    while (!rest_.empty()) {
        const Lexeme token = next_lexeme(rest_);
        rest_.remove_prefix(token.text.size());
        take(token);
    }
    return out_;
}

void Redactor::take(const Lexeme& token) {
    const bool value = token.kind == Kind::kWord || token.kind == Kind::kQuotedName ||
                       token.kind == Kind::kNumber || token.text == "{";
    if (depth_ > 0 && key_ == Key::kAssigned && value && !token.text.starts_with('@')) {
        return bare_value(token);
    }
    switch (token.kind) {
        case Kind::kBlank:
            out_ += token.text;
            break;
        case Kind::kComment:
            out_ += hide_ == Hide::kSecrets        ? token.text
                    : token.text.starts_with("--") ? std::string_view("--?")
                                                   : std::string_view("/*?*/");
            break;
        case Kind::kWord:
            out_ += token.text;
            word(token.text);
            break;
        case Kind::kQuotedName:
            out_ += token.text;
            word(name_in(token.text));
            break;
        case Kind::kText:
        case Kind::kBinary:
            literal(token);
            break;
        case Kind::kNumber:
            number(token.text);
            break;
        case Kind::kPunctuation:
            out_ += token.text;
            punctuation(token.text[0]);
            break;
    }
}

void Redactor::word(std::string_view name) {
    after_secret_ = false;
    if (names_secret(name)) {
        key_ = name.starts_with('@') ? Key::kDeclared : Key::kNamed;
    } else if (key_ != Key::kDeclared) {
        key_ = Key::kNone;
    }
    if (const SecretArguments secret = secret_arguments(name)) call_ = {.secret = secret};
}

void Redactor::punctuation(char c) {
    const bool after_secret = after_secret_;
    after_secret_ = false;
    const bool compares = c == '=' || c == '<' || c == '>' || c == '!';
    if (compares && key_ != Key::kNone) {
        key_ = Key::kAssigned;
    } else if (c == '+' && after_secret) {
        key_ = Key::kAssigned;
    } else if (key_ != Key::kDeclared || c == ',' || c == ';') {
        key_ = Key::kNone;
    }
    if (call_.secret) count_arguments(c);
}

void Redactor::count_arguments(char c) {
    const int own = call_.function ? 1 : 0;
    if (c == '(') {
        if (call_.parentheses++ == 0 && call_.argument == 0) call_.function = true;
    } else if (c == ')') {
        if (--call_.parentheses < 1) call_ = {};
    } else if (c == ',' && call_.parentheses == own) {
        ++call_.argument;
        call_.semicolons = 0;
    } else if (c == ';' && call_.parentheses == 0) {
        call_ = {};
    } else if (c == ';') {
        ++call_.semicolons;
    }
}

bool Redactor::is_secret() const {
    if (key_ != Key::kNone) return true;
    if (call_.secret.rowset && call_.semicolons == 2) return true;
    return call_.argument < 8 && (call_.secret.places >> call_.argument & 1) != 0;
}

void Redactor::literal(const Lexeme& token) {
    const bool secret = is_secret();
    key_ = Key::kNone;
    after_secret_ = secret;
    if (hide_ == Hide::kLiterals) {
        out_ += kHidden;
    } else if (!secret) {
        inside(token.text);
    } else if (token.kind == Kind::kBinary) {
        out_ += kSecret;
    } else {
        const char quote = token.text.starts_with('"') ? '"' : '\'';
        if (out_.ends_with(quote)) out_ += ' ';  // 'a''b' would be one literal
        out_ += quote;
        out_ += kSecret;
        out_ += quote;
    }
}

void Redactor::number(std::string_view text) {
    if (hide_ == Hide::kLiterals) {
        out_ += kHidden;
    } else {
        out_ += key_ == Key::kAssigned ? kSecret : text;
    }
    if (key_ != Key::kDeclared) key_ = Key::kNone;
}

/// In a connection string a value goes on to the next semicolon, or is in braces. SQL in a literal
/// often has no semicolon, and then what is behind goes with it.
void Redactor::bare_value(const Lexeme& token) {
    out_ += kSecret;
    const char last = token.text == "{" ? '}' : ';';
    const std::size_t end = rest_.find(last);
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + (last == '}' ? 1 : 0));
    key_ = Key::kNone;
}

void Redactor::inside(std::string_view literal) {
    const std::size_t open = literal.find_first_of("'\"") + 1;
    if (depth_ == kDepthMax || open == 0 || literal.front() == '0') {
        out_ += literal;
        return;
    }
    const char quote = literal[open - 1];
    const bool closed = literal.size() > open && literal.back() == quote;
    const std::string content = undoubled(literal.substr(open, literal.size() - open - closed));
    const std::string clean = Redactor(Hide::kSecrets, depth_ + 1).run(content);
    if (clean == content) {
        out_ += literal;
        return;
    }
    out_ += literal.substr(0, open);
    out_ += doubled(clean);
    if (closed) out_ += quote;
}

/// A normalised literal has no small letters, and code no capitals but those of 0X. What it begins
/// in is unknown where there are no letters.
std::optional<bool> begins_in_literal(std::string_view normalised) {
    bool literal = false;  // if it began in code
    for (const char c : normalised) {
        if (c == '\'') literal = !literal;
        const bool small = c >= 'a' && c <= 'z';
        const bool capital = c >= 'A' && c <= 'Z' && hex_digit(c) < 0 && c != 'X';
        if (small || capital) return small ? literal : !literal;
    }
    return std::nullopt;
}

}  // namespace

std::string redact(std::string_view text, Hide hide) {
    if (hide == Hide::kSecrets && !may_hold_secret(text)) return std::string(text);
    return Redactor(hide, 0).run(text);
}

std::string redact_literal(std::string_view content, Hide hide) {
    if (hide == Hide::kLiterals) return std::string(content.empty() ? "" : kHidden);
    return Redactor(hide, 1).run(content);
}

std::string redact_parameters(std::string_view procedure, std::string_view parameters, Hide hide) {
    if (hide == Hide::kSecrets && !may_hold_secret(procedure) && !may_hold_secret(parameters)) {
        return std::string(parameters);
    }
    Redactor redactor(hide, 0);
    redactor.run(procedure.substr(0, procedure.find(';')));  // for what it knows of the call then
    return redactor.run(parameters);
}

std::string redact_end(std::string_view text, Hide hide) {
    if (hide == Hide::kLiterals) return std::string(kHidden);
    const std::size_t quote = text.find('\'');
    if (quote == std::string_view::npos) return redact_literal(text, hide);
    const std::string_view rest = text.substr(quote + 1);
    // Behind the quote is code or a literal: where the one shows no secret, the other may.
    const std::string as_code = redact(rest, hide);
    if (as_code != rest) return std::string(kHidden) + as_code;
    return std::string(kHidden) + redact(text.substr(quote), hide).substr(1);
}

std::string redact_normalised_end(std::string_view normalised, Hide hide) {
    const std::optional<bool> inside = begins_in_literal(normalised);
    if (!inside) return redact_literal(normalised, hide);
    if (!*inside) return redact(normalised, hide);
    const std::size_t quote = normalised.find('\'');
    if (quote == std::string_view::npos) return redact_literal(normalised, hide);
    return std::string(kHidden) + redact(normalised.substr(quote + 1), hide);
}

}  // namespace querytap::sql
