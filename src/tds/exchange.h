// A request and its answer in one conversation (MS-TDS 3.2: the next request comes after the
// answer): what ties the handle in an answer to the statement that was prepared.
#pragma once

#include <cstdint>

#include <querytap/tds/message.h>

#include "facts.h"
#include "procedures.h"
#include "statements.h"

namespace querytap::tds {

class Exchange {
  public:
    explicit Exchange(std::uint16_t smp_session) noexcept : smp_session_(smp_session) {}

    // --- what the client says ---
    void begin_request(const MessageInfo& info, const Scope& scope) noexcept;
    /// A call of an RPC message; `procedure` is null when it has no number.
    void begin_call(std::uint16_t index, const Procedure* procedure, Facts& facts) noexcept;
    /// Part of the call's SQL text.
    void statement(const Chunk& chunk, const Scope& scope) noexcept;
    /// The number that the call names a prepared statement or a cursor by.
    void use_handle(const Procedure& procedure, std::uint32_t number, const MessageScope& scope);

    // --- what the server says ---
    void begin_answer() noexcept;
    /// The answer to one call of several is whole; what follows answers the next.
    void next_call() noexcept;
    void attention_acknowledged() noexcept { attention_ = true; }
    /// A RETURNVALUE that is an integer, or was to be one.
    void return_number(bool null, std::uint32_t number, const Scope& scope) noexcept;
    void end_answer(const Scope& scope) noexcept;

    /// Bytes of either direction are missing: who answers what is not known any longer.
    void lose(const Scope& scope) noexcept;

  private:
    // Handles are learnt only where question and answer are known to belong together.
    enum class Turn : std::uint8_t {
        kUnknown,
        kAsked,
        kAnswered,
        kAhead,  ///< the answer was seen before its question: the tap brings one side later
    };
    // More calls that prepare something in one message than any client sends.
    static constexpr std::uint16_t kCallsMax = 16;

    Statements::Key awaited(std::uint16_t call, const Scope& scope) const noexcept;
    void drop_awaited(const Scope& scope) noexcept;

    Turn turn_ = Turn::kUnknown;
    bool learning_ = false;   ///< the request under way will be answered by what comes next
    bool answering_ = false;  ///< an answer to it is under way
    bool attention_ = false;
    bool preparing_ = false;    ///< the call under way gives a handle
    std::uint8_t numbers_ = 0;  ///< integers that the answer returned for its call
    std::uint16_t smp_session_;
    std::uint16_t call_ = 0;            ///< of the request
    std::uint16_t answered_ = 0;        ///< of the answer
    std::uint16_t gives_prepared_ = 0;  ///< a bit for each call whose answer brings such a handle
    std::uint16_t gives_cursor_ = 0;
};

}  // namespace querytap::tds
