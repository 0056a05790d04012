// Which flows have a Connection: those whose first payload is TDS, or may be, and those on a SQL
// port that are not. All others cost no more than their look-up.
//
// Places are few beside flows, and anybody may open what looks like the beginning of a session.
// So a connection is on probation until both sides have spoken in it or somebody logged in; when
// there is no place, the oldest on probation has to go. Its flow is picked up again mid-stream.
#pragma once

#include <querytap/base/object_pool.h>
#include <querytap/flow/table.h>

#include "connection.h"
#include "connection_list.h"

namespace querytap::pipeline {

class Connections {
  public:
    Connections(Context& context, flow::Table& flows, std::size_t capacity)
        : context_(context), flows_(flows), pool_(capacity) {}

    /// Null: the flow has none.
    Connection* of(const flow::Flow& flow) noexcept {
        return flow.attachment == flow::kNoAttachment ? nullptr : &pool_[flow.attachment];
    }

    /// May a RST or FIN in this packet be what it seems?
    bool may_end(const flow::Flow& flow, flow::Side side,
                 const packet::PacketView& packet) noexcept;

    /// A TCP packet, accounted for.
    void packet(flow::Flow& flow, flow::Side side, const packet::PacketView& packet) noexcept;

    /// A datagram of this flow was dropped since its fragments overlap.
    void overlapping_fragments(flow::Flow& flow) noexcept;

    /// The flow has a connection, and ends.
    void release(flow::Flow& flow) noexcept;

  private:
    void decide(flow::Flow& flow, flow::Side side, const packet::PacketView& packet) noexcept;
    void decide_midstream(flow::Flow& flow, flow::Side side,
                          const packet::PacketView& packet) noexcept;
    void decide_beginning(flow::Flow& flow, flow::Side side,
                          const packet::PacketView& packet) noexcept;
    Connection* attach(flow::Flow& flow) noexcept;
    void reclaim(flow::Flow& flow) noexcept;
    void detach(flow::Flow& flow) noexcept;
    void follow_ends(flow::Flow& flow, flow::Side side, const Connection& connection) noexcept;

    Context& context_;
    flow::Table& flows_;
    ObjectPool<Connection> pool_;
    ConnectionList probation_;
};

}  // namespace querytap::pipeline
