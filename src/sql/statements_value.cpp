// The value that an assignment or an execution puts together out of literals and variables.
#include <algorithm>
#include <array>

#include "chars.h"
#include "constant.h"
#include "statements.h"

namespace querytap::sql {
namespace {

/// A text that copies its variables into each other again and again is left alone at some point.
constexpr std::uint32_t kExpandedMax = 64 * 1024;

}  // namespace

void Statements::begin_value(Purpose purpose, int depth, Run& run) noexcept {
    purpose_ = purpose;
    takes_parameters_ = false;
    depth_ = static_cast<std::uint8_t>(depth);
    has_constant_ = false;
    in_function_ = false;
    if (!variables_.begin_value()) ++run.meter.limits_hit;
    state_ = State::kOperand;
}

void Statements::append(std::string_view text, Run& run) {
    run.meter.steps += text.size();
    if (!variables_.append(text, run.meter.steps)) ++run.meter.limits_hit;
}

/// The variable's constant, or, where nothing is known of it, its name: the text around it still
/// says what will run.
void Statements::append_variable(std::uint64_t name, std::string_view text, Run& run) {
    const Variables::Variable* const variable = variables_.find(name);
    if (variable == nullptr || !variable->known || expanded_ >= kExpandedMax) {
        if (expanded_ >= kExpandedMax) ++run.meter.limits_hit;
        if (purpose_ == Purpose::kExecute) run.meter.executed.add(name);
        append(text, run);
        return;
    }
    expanded_ += variable->size;
    has_constant_ = true;
    const std::string_view value = variables_.value_of(*variable);
    if (variable->type == Variables::Reading::kBinary) {
        append_binary(value, run);
    } else {
        append(value, run);
    }
}

std::optional<Statements::Constant> Statements::constant_of(std::string_view name, Run& run) {
    const Variables::Variable* const variable = variables_.find(Variables::hash(name));
    if (variable == nullptr || !variable->known) return std::nullopt;
    if (expanded_ >= kExpandedMax) {
        ++run.meter.limits_hit;
        return std::nullopt;
    }
    expanded_ += variable->size;
    run.meter.steps += variable->size;
    return Constant{variables_.value_of(*variable), variable->type == Variables::Reading::kBinary};
}

/// Digits become the text that they stand for, or stay digits where the value is binary, too.
void Statements::append_binary(std::string_view hex, Run& run) {
    const Variables::Variable* const target =
        purpose_ == Purpose::kExecute ? nullptr : variables_.find(target_);
    const Variables::Reading reading =
        target == nullptr ? Variables::Reading::kUnknown : target->type;
    if (reading == Variables::Reading::kBinary) {
        append(hex, run);
        return;
    }
    // Unknown: UTF-16LE of what SQL is has a zero in every second byte.
    const bool national =
        reading == Variables::Reading::kNationalText ||
        (reading == Variables::Reading::kUnknown && hex.size() >= 4 && hex.substr(2, 2) == "00");
    std::array<char, Variables::kValueMax> text;
    const std::size_t size = binary_as_text(hex, national, text);
    run.meter.steps += hex.size();
    append({text.data(), size}, run);
    run.output.literal({text.data(), size});
    run.output.literal("\n");
}

bool Statements::operand(std::string_view text, Keyword keyword, Run& run) {
    in_function_ = false;
    if (text[0] == '@') {
        append_variable(Variables::hash(text), text, run);
    } else if (keyword >= Keyword::kExec || purpose_ == Purpose::kExecute) {
        drop_value();  // a subquery; and EXEC takes literals and variables only
        return false;
    } else {
        append(text, run);
        in_function_ = true;
    }
    state_ = State::kOperator;
    return true;
}

bool Statements::operator_sign(char c, Run& run) {
    if (c == '+') {
        state_ = State::kOperand;
        return true;
    }
    if (c == '(' && in_function_) {
        skip_depth_ = 1;
        in_function_ = false;
        state_ = State::kSkip;
        return true;
    }
    if (c == ')' && depth_ > 0) {
        in_function_ = false;
        if (--depth_ == 0 && purpose_ == Purpose::kExecute) finish_value(run);
        return true;
    }
    finish_value(run);
    return false;
}

void Statements::finish_value(Run& run) {
    state_ = State::kIdle;
    switch (purpose_) {
        case Purpose::kExecute: {
            const bool takes_parameters = takes_parameters_;
            if (has_constant_) run.dynamic.run(variables_.value(), run);
            if (takes_parameters && !run.meter.executed.empty()) state_ = State::kParameters;
            return;
        }
        case Purpose::kParameter:
            // A parameter that the statement executes; without a name it may be that one.
            if (has_constant_ && (target_ != 0 || name_ == 0)) {
                run.dynamic.run(variables_.value(), run);
            }
            state_ = State::kParameters;
            return;
        case Purpose::kDeclare:
            state_ = State::kDeclareNext;
            break;
        case Purpose::kSelect:
            state_ = State::kTargetNext;
            break;
        case Purpose::kSet:
            break;
    }
    if (!has_constant_) {
        variables_.forget(target_);
    } else if (!variables_.assign(target_)) {
        ++run.meter.limits_hit;
    }
}

/// The value is not one that we can know.
void Statements::drop_value() noexcept {
    if (purpose_ >= Purpose::kDeclare) variables_.forget(target_);
    state_ = State::kIdle;
}

/// EXEC @v: the name of a procedure. Its view begins like the statement that it stands for.
void Statements::execute_variable(Run& run) {
    state_ = State::kIdle;
    const Variables::Variable* const variable = variables_.find(name_);
    if (variable == nullptr || !variable->known) {
        run.meter.executed.add(name_);
        return;
    }
    begin_value(Purpose::kExecute, 0, run);
    append("exec ", run);
    append_variable(name_, {}, run);
    state_ = State::kIdle;
    mirror_view_ = static_cast<std::int8_t>(run.dynamic.run_open(variables_.value(), run));
    if (mirror_view_ < 0) return;
    mirror_spelling_.continue_after(true);
    mirror_operand_ = false;
    state_ = State::kArguments;
}

/// sp_executesql @v.
void Statements::execute_statement_variable(Run& run) {
    begin_value(Purpose::kExecute, 0, run);
    takes_parameters_ = true;
    append_variable(name_, {}, run);
    state_ = State::kOperator;
}

void Statements::begin_literal(Run& run) {
    collecting_ = false;
    switch (state_) {
        case State::kExecVariable:
            execute_variable(run);
            break;
        case State::kProcedure:
            begin_value(Purpose::kExecute, 0, run);
            takes_parameters_ = true;
            break;
        case State::kParameter:
            name_ = 0;
            target_ = 0;
            begin_value(Purpose::kParameter, 0, run);
            break;
        case State::kSkipArgument:
        case State::kIdle:
        case State::kArguments:
        case State::kOpenqueryLink:
        case State::kOperand:
        case State::kSkip:
            break;
        case State::kProcedureName:
            execute_statement_variable(run);
            [[fallthrough]];
        case State::kOperator:
            finish_value(run);
            state_ = State::kIdle;
            break;
        default:
            state_ = State::kIdle;
    }
    collecting_ = state_ == State::kOperand;
}

void Statements::literal_begin(Run& run) {
    if (state_ != State::kIdle) begin_literal(run);
    run.spelling.literal_begin(run.output);
    if (state_ == State::kArguments) {
        mirror(run, [](Spelling& spelling, Output& out) { spelling.literal_begin(out); });
    }
}

void Statements::literal_piece(std::string_view text, Run& run) {
    run.spelling.literal_piece(text, run.output);
    if (collecting_) append(text, run);
    if (state_ == State::kArguments) {
        mirror(run, [&](Spelling& spelling, Output& out) { spelling.literal_piece(text, out); });
    }
}

void Statements::literal_end(Run& run) {
    run.spelling.literal_end(run.output);
    if (state_ == State::kArguments) {
        mirror(run, [](Spelling& spelling, Output& out) { spelling.literal_end(out); });
    }
    if (!collecting_) return;
    collecting_ = false;
    has_constant_ = true;
    in_function_ = false;
    state_ = State::kOperator;
}

void Statements::binary_begin(Run& run) {
    if (state_ != State::kIdle) begin_literal(run);
    run.spelling.binary_begin(run.output);
    if (collecting_) variables_.begin_digits();
    if (state_ == State::kArguments) {
        mirror(run, [](Spelling& spelling, Output& out) { spelling.binary_begin(out); });
    }
}

void Statements::binary_piece(std::string_view digits, Run& run) {
    run.spelling.word_piece(digits, run.output);
    if (collecting_) append(digits, run);
    if (state_ == State::kArguments) {
        mirror(run, [&](Spelling& spelling, Output& out) { spelling.word_piece(digits, out); });
    }
}

/// A binary literal that becomes text is also read as text: the literals view gets it.
void Statements::binary_end(Run& run) {
    if (!collecting_) return;
    collecting_ = false;
    state_ = State::kOperator;
    in_function_ = false;
    const std::string_view digits = variables_.take_digits();
    const Variables::Variable* const target =
        purpose_ == Purpose::kExecute ? nullptr : variables_.find(target_);
    if (digits.size() == Variables::kValueMax ||
        (target != nullptr && target->type == Variables::Reading::kOther)) {
        return;
    }
    std::array<char, Variables::kValueMax> hex;
    std::copy(digits.begin(), digits.end(), hex.begin());
    const std::string_view copy(hex.data(), digits.size());
    append_binary(copy, run);
    has_constant_ = true;
}

}  // namespace querytap::sql
