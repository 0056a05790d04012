#include "statements.h"

namespace querytap::sql {
namespace {

bool is_variable(std::string_view text) noexcept {
    return text[0] == '@' && !text.starts_with("@@");
}

bool is_number(std::string_view text) noexcept {
    return text[0] >= '0' && text[0] <= '9';
}

}  // namespace

void Statements::start(Keyword keyword) noexcept {
    switch (keyword) {
        case Keyword::kExec:
            state_ = State::kExec;
            break;
        case Keyword::kExecutesql:
        case Keyword::kCursorOpen:
        case Keyword::kPrepare:
        case Keyword::kCursorPrepexec:
            skip_count_ = static_cast<std::uint8_t>(statement_argument(keyword));
            state_ = skip_count_ > 0 ? State::kSkipArgument : State::kProcedure;
            break;
        case Keyword::kOpenquery:
            state_ = State::kOpenquery;
            break;
        case Keyword::kDeclare:
            state_ = State::kDeclare;
            purpose_ = Purpose::kDeclare;
            break;
        case Keyword::kSet:
            state_ = State::kTarget;
            purpose_ = Purpose::kSet;
            break;
        case Keyword::kSelect:
            state_ = State::kTarget;
            purpose_ = Purpose::kSelect;
            break;
        default:
            state_ = State::kIdle;
    }
}

void Statements::follow_word(std::string_view text, Keyword keyword, Run& run) {
    ++run.meter.steps;
    // A state that does not want the token ends, and the next one looks at it again.
    while (!step_word(text, keyword, run)) {
    }
}

void Statements::follow_punctuation(char c, Run& run) {
    ++run.meter.steps;
    while (!step_punctuation(c, run)) {
    }
}

void Statements::long_word(std::string_view piece, bool first, Run& run) {
    if (first) {
        run.spelling.word(piece, run.output);
        // No keyword and no name of a variable is that long: a word like any other, and which does
        // not matter.
        follow_word("_", Keyword::kNone, run);
    } else {
        run.spelling.word_piece(piece, run.output);
    }
}

bool Statements::step_word(std::string_view text, Keyword keyword, Run& run) {
    switch (state_) {
        case State::kIdle:
            start(keyword);
            return true;
        case State::kExec:
            if (is_variable(text)) {
                name_ = Variables::hash(text);
                state_ = State::kExecVariable;
                return true;
            }
            start(statement_argument(keyword) >= 0 ? keyword : Keyword::kNone);
            return true;
        case State::kExecVariable:
            execute_variable(run);
            return false;
        case State::kArguments:
            if (mirror_operand_ || text[0] == '@' || is_number(text) || text == "output" ||
                text == "out" || text == "null" || text == "default") {
                mirror(run, [&](Spelling& spelling, Output& out) { spelling.word(text, out); });
                mirror_operand_ = false;
                return true;
            }
            end_arguments(run);
            return false;
        case State::kSkipArgument:
            if (keyword < Keyword::kExec) return true;
            state_ = State::kIdle;
            return false;
        case State::kProcedure:
            if (is_variable(text)) {
                name_ = Variables::hash(text);
                state_ = State::kProcedureName;
                return true;
            }
            state_ = State::kIdle;
            return false;
        case State::kProcedureName:
            execute_statement_variable(run);
            return false;
        case State::kParameter:
            state_ = State::kIdle;
            if (!is_variable(text)) return false;
            name_ = Variables::hash(text);
            target_ = run.meter.executed.contains(name_) ? name_ : 0;
            state_ = State::kParameterName;
            return true;
        case State::kParameters:
        case State::kParameterName:
        case State::kOpenquery:
            state_ = State::kIdle;
            return false;
        case State::kOpenqueryLink:
            return true;
        case State::kDeclare:
            state_ = State::kIdle;
            if (!is_variable(text)) return false;
            target_ = Variables::hash(text);
            type_seen_ = false;
            skip_depth_ = 0;
            state_ = State::kDeclareType;
            return true;
        case State::kDeclareType:
            if (skip_depth_ > 0 || keyword == Keyword::kAs) return true;
            if (type_seen_) {
                state_ = State::kIdle;
                return false;
            }
            type_seen_ = true;
            if (!variables_.declare(
                    target_, keyword == Keyword::kNchar || keyword == Keyword::kNationalTextType
                                 ? Variables::Reading::kNationalText
                             : is_text_type(keyword)           ? Variables::Reading::kText
                             : keyword == Keyword::kBinaryType ? Variables::Reading::kBinary
                                                               : Variables::Reading::kOther)) {
                ++run.meter.limits_hit;
            }
            return true;
        case State::kTarget:
            state_ = State::kIdle;
            if (!is_variable(text)) return false;
            target_ = Variables::hash(text);
            state_ = State::kAssign;
            return true;
        case State::kDeclareNext:
        case State::kTargetNext:
        case State::kAssign:
        case State::kAssignAppend:
            state_ = State::kIdle;
            return false;
        case State::kOperand:
            return operand(text, keyword, run);
        case State::kOperator:
            finish_value(run);
            return false;
        case State::kSkip:
            return true;
    }
    return true;
}

bool Statements::step_punctuation(char c, Run& run) {
    switch (state_) {
        case State::kIdle:
            return true;
        case State::kExec:
            state_ = State::kIdle;
            if (c == '(') begin_value(Purpose::kExecute, 1, run);
            return true;
        case State::kExecVariable:
            if (c == '=') {
                state_ = State::kExec;  // that was the return code
                return true;
            }
            execute_variable(run);
            return false;
        case State::kArguments:
            if (c == ',' || c == '=' || c == '-' || c == '.' || c == '+') {
                mirror(run, [&](Spelling& spelling, Output& out) { spelling.punctuation(c, out); });
                mirror_operand_ = c == ',' || c == '=';
                return true;
            }
            end_arguments(run);
            return true;
        case State::kProcedureName:
            if (c == '=') {
                begin_value(Purpose::kExecute, 0, run);
                takes_parameters_ = true;
                return true;
            }
            execute_statement_variable(run);
            return false;
        case State::kSkipArgument:
            if (c == ';') state_ = State::kIdle;
            if (c == ',' && --skip_count_ == 0) state_ = State::kProcedure;
            return true;
        case State::kParameters:
            state_ = c == ',' ? State::kParameter : State::kIdle;
            return true;
        case State::kParameterName:
            state_ = c == ',' ? State::kParameter : State::kIdle;
            if (c == '=') begin_value(Purpose::kParameter, 0, run);
            return true;
        case State::kOpenquery:
            state_ = c == '(' ? State::kOpenqueryLink : State::kIdle;
            return true;
        case State::kOpenqueryLink:
            if (c == ',') begin_value(Purpose::kExecute, 1, run);
            if (c == ')' || c == ';') state_ = State::kIdle;
            return true;
        case State::kDeclareType:
            if (c == '(') {
                ++skip_depth_;
                if (skip_depth_ == 255) state_ = State::kIdle;
            } else if (c == ')' && skip_depth_ > 0) {
                --skip_depth_;
            } else if (skip_depth_ == 0 && c == '=') {
                begin_value(Purpose::kDeclare, 0, run);
            } else if (skip_depth_ == 0 && c == ',') {
                state_ = State::kDeclare;
            } else if (skip_depth_ == 0 && c != '.') {
                state_ = State::kIdle;
            }
            return true;
        case State::kAssign:
            state_ = State::kIdle;
            if (c == '=') begin_value(purpose_, 0, run);
            if (c == '+') state_ = State::kAssignAppend;
            return true;
        case State::kAssignAppend:
            state_ = State::kIdle;
            if (c != '=') return true;
            begin_value(purpose_, 0, run);
            append_variable(target_, {}, run);
            return true;
        case State::kDeclareNext:
        case State::kTargetNext:
            if (c == ',') {
                state_ = state_ == State::kDeclareNext ? State::kDeclare : State::kTarget;
            } else {
                state_ = State::kIdle;
            }
            return true;
        case State::kProcedure:
        case State::kParameter:
        case State::kDeclare:
        case State::kTarget:
            state_ = State::kIdle;
            return true;
        case State::kOperand:
            if (c == '(' && depth_ < 255) {
                ++depth_;
                return true;
            }
            drop_value();
            return false;
        case State::kOperator:
            return operator_sign(c, run);
        case State::kSkip:
            if (c == '(' && skip_depth_ < 255) ++skip_depth_;
            if (c == ')' && --skip_depth_ == 0) state_ = State::kOperator;
            return true;
    }
    return true;
}

void Statements::end_arguments(Run& run) {
    if (state_ != State::kArguments) return;
    run.dynamic.close(mirror_view_, run);
    state_ = State::kIdle;
}

void Statements::end(Run& run) {
    if (state_ == State::kExecVariable) execute_variable(run);
    if (state_ == State::kProcedureName) execute_statement_variable(run);
    if (state_ == State::kOperator) finish_value(run);
    end_arguments(run);
    state_ = State::kIdle;
}

}  // namespace querytap::sql
