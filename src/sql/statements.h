// Follows the few statements that make text run: EXEC('...'), EXEC @v, sp_executesql, OPENQUERY,
// and the DECLARE, SET and SELECT that give a variable its text. Sees folded tokens, spells them,
// and hands the text that will run to the DynamicRunner. Literals anywhere else are data.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "keywords.h"
#include "run.h"
#include "spelling.h"
#include "variables.h"

namespace querytap::sql {

/// Normalises text that a statement executes, as a view of its own.
class DynamicRunner {
  public:
    /// -1: no view is free, or this text is itself too deep inside others.
    virtual int run(std::string_view text, Run& outer) = 0;
    /// As run(), but the view stays open until close(): reopen() adds tokens to it.
    virtual int run_open(std::string_view text, Run& outer) = 0;
    virtual Output& reopen(int view, Run& outer) = 0;
    virtual void close(int view, Run& outer) = 0;

  protected:
    ~DynamicRunner() = default;
};

class Statements {
  public:
    void word(std::string_view text, Keyword keyword, Run& run) {
        run.spelling.word(text, run.output);
        if (state_ != State::kIdle || keyword >= Keyword::kExec) follow_word(text, keyword, run);
    }
    void long_word(std::string_view piece, bool first, Run& run);
    void punctuation(char c, Run& run) {
        run.spelling.punctuation(c, run.output);
        if (state_ != State::kIdle) follow_punctuation(c, run);
    }
    void literal_begin(Run& run);
    void literal_piece(std::string_view text, Run& run);
    void literal_end(Run& run);
    void binary_begin(Run& run);
    void binary_piece(std::string_view digits, Run& run);
    void binary_end(Run& run);
    void end(Run& run);

    bool idle() const noexcept { return state_ == State::kIdle; }

    struct Constant {
        std::string_view text;  ///< of a binary value its digits; valid until the next token
        bool is_binary;
    };
    /// What a variable was given, if that is known. Counts as copied.
    std::optional<Constant> constant_of(std::string_view name, Run& run);

  private:
    enum class State : std::uint8_t {
        kIdle,
        kExec,           // EXEC: a procedure, a variable or a parenthesis
        kExecVariable,   // EXEC @v: procedure name in a variable, or the return code before '='
        kArguments,      // after EXEC @v: they are shown in its dynamic view, too
        kSkipArgument,   // sp_prepexec: an argument before the statement
        kProcedure,      // sp_executesql: the argument that is the statement
        kProcedureName,  // sp_executesql @x: a value, or the parameter's name before '='
        kParameters,     // behind the statement of sp_executesql: ',' and its parameters
        kParameter,      // one of them: a value, or its name
        kParameterName,  // @p: '=' or the next
        kOpenquery,      // OPENQUERY
        kOpenqueryLink,  // OPENQUERY( link
        kDeclare,        // DECLARE or the ',' in it
        kDeclareType,    // DECLARE @v
        kDeclareNext,    // after the value: ',' or the end
        kTarget,         // SET, SELECT, or the ',' in it
        kAssign,         // SET @v: '=' or '+='
        kAssignAppend,   // SET @v +
        kTargetNext,     // after the value in SELECT
        kOperand,        // a value: the next operand
        kOperator,       // a value: '+' or its end
        kSkip,           // a value: arguments of a function that is not constant
    };
    /// What a value is for.
    enum class Purpose : std::uint8_t { kExecute, kParameter, kDeclare, kSet, kSelect };

    void follow_word(std::string_view text, Keyword keyword, Run& run);
    void follow_punctuation(char c, Run& run);
    bool step_word(std::string_view text, Keyword keyword, Run& run);
    bool step_punctuation(char c, Run& run);
    void start(Keyword keyword) noexcept;
    bool operand(std::string_view text, Keyword keyword, Run& run);
    bool operator_sign(char c, Run& run);
    void begin_literal(Run& run);
    template <typename Spell>
    void mirror(Run& run, Spell spell);
    void begin_value(Purpose purpose, int depth, Run& run) noexcept;
    void append(std::string_view text, Run& run);
    void append_binary(std::string_view hex, Run& run);
    void append_variable(std::uint64_t name, std::string_view text, Run& run);
    void finish_value(Run& run);
    void drop_value() noexcept;
    void execute_variable(Run& run);
    void execute_statement_variable(Run& run);
    void end_arguments(Run& run);

    State state_ = State::kIdle;
    Purpose purpose_ = Purpose::kExecute;
    bool has_constant_ = false;  ///< of the value: some of its text is known
    bool in_function_ = false;   ///< its last operand was a name: '(' begins arguments
    bool collecting_ = false;    ///< the literal that is open belongs to the value
    bool type_seen_ = false;
    bool takes_parameters_ = false;  ///< the value that is executed is sp_executesql's
    std::uint8_t depth_ = 0;         ///< of parentheses in the value
    std::uint8_t skip_depth_ = 0;    ///< of parentheses that are skipped
    std::uint8_t skip_count_ = 0;    ///< of arguments before the statement
    std::int8_t mirror_view_ = -1;
    bool mirror_operand_ = false;  ///< after ',' or '=': a bare word is an argument
    std::uint32_t expanded_ = 0;   ///< bytes copied out of variables
    std::uint64_t target_ = 0;
    std::uint64_t name_ = 0;  ///< the variable that was named last
    Variables variables_;
    Spelling mirror_spelling_;
};

/// Shows a token that the spelling wrote already in the dynamic view of EXEC @v, too.
template <typename Spell>
void Statements::mirror(Run& run, Spell spell) {
    Output& output = run.dynamic.reopen(mirror_view_, run);
    spell(mirror_spelling_, output);
    output.discard_literals();
    output.flush();
}

}  // namespace querytap::sql
