// One direction of one TDS conversation: packets to messages, and each message to its parser.
#pragma once

#include <cstdint>
#include <variant>

#include "batch.h"
#include "collect.h"
#include "exchange.h"
#include "packet_header.h"
#include "rpc.h"
#include "skip.h"
#include "tokens.h"

namespace querytap::tds {

class Lane {
  public:
    /// `exchange`: of the conversation, shared with its other direction.
    Lane(Direction direction, std::uint16_t smp_session, Exchange& exchange) noexcept;
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    /// A packet begins; kGood or kUndefinedType. raw: the header's bytes. later: found by a
    /// search, and not the first of its message.
    void begin_packet(const PacketHeader& header, Bytes raw, bool later, const Scope& scope);

    /// Payload of the packet; returns how much of `bytes` belongs to it.
    std::size_t payload(Bytes bytes, const Scope& scope);

    /// Payload bytes of the packet that have not come.
    std::size_t packet_left() const noexcept { return packet_left_; }

    /// What follows is lost: an open message ends, incomplete.
    void abort(const Scope& scope);

  private:
    void open(const PacketHeader& header, bool later, const Scope& scope);
    void choose_parser(bool later);
    void choose_by_content(std::uint8_t first, const Scope& scope);
    void begin_results(const Scope& scope);
    void close(bool whole, const Scope& scope);
    void finish_parser(bool whole, const MessageScope& scope);
    void finish_collected(Bytes kept, const MessageScope& scope);
    void show(Bytes bytes, const Scope& scope) const;
    MessageScope scoped(const Scope& scope) const noexcept { return {scope, info_, *exchange_}; }

    Exchange* exchange_;
    MessageInfo info_;
    bool open_ = false;
    bool last_packet_ = false;
    std::uint8_t last_status_ = 0;
    std::uint16_t packet_left_ = 0;
    Pending pending_;
    ColumnTable columns_;
    /// monostate: no message, or one whose first byte says what it is.
    std::variant<std::monostate, SkipParser, TlsParser, RawParser, BatchParser, RpcParser,
                 TokenParser, CollectParser, BulkTextParser>
        parser_;
};

}  // namespace querytap::tds
