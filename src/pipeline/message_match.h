// One TDS message on its way through the matcher: its transaction, its views, and the EVE record
// that is being filled. Lives from on_message_begin to on_message_end.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include <querytap/base/utf16.h>
#include <querytap/pipeline/event.h>
#include <querytap/signature/scanner.h>
#include <querytap/sql/base64_runs.h>
#include <querytap/sql/normaliser.h>
#include <querytap/sql/statement_class.h>
#include <querytap/tds/session.h>

#include "parameter_text.h"
#include "view_buffers.h"

namespace querytap::pipeline {

struct Context;
struct SqlReader;
struct ActiveGeneration;

/// 16 digits, as EVE shows a query_hash.
BoundedText<16> hexadecimal(std::uint64_t value) noexcept;

class MessageMatch final : public sql::Views {
  public:
    MessageMatch(Context& context, const tds::MessageInfo& info, const signature::FlowFacts& facts);
    ~MessageMatch() override;  ///< without finish(): nothing is decided
    MessageMatch(const MessageMatch&) = delete;
    MessageMatch& operator=(const MessageMatch&) = delete;

    bool is(const tds::MessageInfo& info) const noexcept {
        return info.direction == direction_ && info.smp_session == smp_session_;
    }

    void sql(const tds::Chunk& chunk) noexcept;
    /// A procedure is called.
    void procedure(const tds::RpcCall& call) noexcept;
    /// A parameter begins. One that the statement before it executes is SQL, too.
    void parameter(std::string_view name) noexcept;
    /// What a handle stands for: matched when it was prepared, and only shown now.
    void prepared(const tds::Chunk& chunk) noexcept;
    void parameter_value(const tds::Chunk& chunk) noexcept;
    void parameter_number(std::int64_t value) noexcept;
    void result_values(std::span<const tds::Chunk> values) noexcept;
    /// Of PRELOGIN: major, minor, build and sub-build.
    void version(int major, int minor, int build, int sub_build) noexcept;
    void number(signature::Number kind, std::uint64_t value) noexcept;
    /// The message as it stands in the stream.
    void packet_bytes(Bytes bytes) noexcept;
    /// What follows lost framing; decided piece by piece, because such a stream has no messages.
    void tunnel(std::string_view text, signature::HitSink& hits) noexcept;
    /// A short text that is there as a whole: a login field, a procedure's name, an error.
    void field(signature::Buffer buffer, std::string_view text) noexcept;

    /// The segment ends: what was gathered and is not finished goes on as a stream.
    void segment_end() noexcept;

    /// The message ends: open values are closed, rules decided, hits reported.
    void finish(signature::HitSink& hits) noexcept;

    /// Of the SQL text, or, where there is none, of the call.
    std::uint64_t query_hash() const noexcept;

    /// A name of a result's column: together they are its shape.
    void add_column(std::string_view name) noexcept;
    std::uint64_t column_shape() const noexcept { return column_shape_; }

    /// What kind of statements it held, after finish(); empty where no policy asks.
    sql::StatementClasses statements() const noexcept { return statements_; }

    /// The rule set of this message's hits.
    const signature::RuleSet& rules() const noexcept;
    std::uint32_t generation() const noexcept;

    Tds record;                    ///< what EVE will say of this message
    MessageMatch* next = nullptr;  ///< of the same connection

  private:
    void on_raw(std::string_view text) override;
    void on_normalised(std::string_view text) override;
    void on_literal(std::string_view text) override;
    void on_decoded(std::string_view text) override;
    void on_dynamic(int index, std::string_view text) override;
    void on_dynamic_end(int index) override;

    signature::Scanner& scanner() const noexcept;
    bool wants(signature::Buffer buffer) const noexcept;
    bool hashes() const noexcept;  ///< somebody asks for query_hash()
    signature::TransactionId transaction_of(std::size_t slot) noexcept;
    void append(std::size_t slot, std::string_view text) noexcept;
    /// Where `size` bytes may be written; what is in the way goes on as a stream.
    char* room(std::size_t slot, std::size_t size) noexcept;
    void append_narrowed(View view, const tds::Chunk& chunk) noexcept;
    std::size_t short_results(std::span<const tds::Chunk> values) noexcept;
    bool may_hold_base64(const tds::Chunk& chunk) const noexcept;
    void take_views() noexcept;
    void stream_piece(std::size_t slot) noexcept;
    void end_values(unsigned slots) noexcept;
    void end_value(std::size_t slot) noexcept;
    void end_sql() noexcept;
    void part_statements() noexcept;
    void add_hash(std::uint64_t hash) noexcept;
    void read_prepared(std::string_view text, bool whole) noexcept;

    Context& context_;
    ActiveGeneration& generation_;
    signature::FlowFacts facts_;
    signature::TransactionId transaction_;
    /// Each dynamic text is a statement of its own; opened when it appears.
    std::array<signature::TransactionId, sql::kDynamicViewsMax> dynamic_;
    SqlReader* reader_ = nullptr;  ///< while a SQL text is open
    sql::ExecutedNames executed_;  ///< parameters that the last statement executes
    bool parameter_is_sql_ = false;
    sql::StatementClasses statements_;
    std::uint64_t column_shape_ = 0;
    std::uint64_t call_hash_ = 0;  ///< of the first procedure that is called by name
    ParameterText parameter_text_;
    NarrowState narrow_;
    sql::Base64Runs base64_;  // of the parameter or the result value that is open
    unsigned streaming_ = 0;  ///< a bit for each slot: a stream is open
    unsigned started_ = 0;    ///< the same: something was appended since the value began
    tds::Direction direction_;
    std::uint16_t smp_session_;
};

}  // namespace querytap::pipeline
