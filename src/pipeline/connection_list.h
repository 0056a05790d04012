// Connections in the order in which they came into the list; each may stand in one. They own their
// links, so that nothing is allocated.
#pragma once

namespace querytap::pipeline {

class Connection;
class ConnectionList;

struct ConnectionLinks {
    Connection* older = nullptr;
    Connection* newer = nullptr;
    ConnectionList* list = nullptr;
};

class ConnectionList {
  public:
    ConnectionList() = default;
    ConnectionList(const ConnectionList&) = delete;
    ConnectionList& operator=(const ConnectionList&) = delete;

    /// Null: empty.
    Connection* oldest() const noexcept { return oldest_; }
    void add(Connection& connection) noexcept;
    /// Out of whichever list it stands in; of none, nothing happens.
    static void remove(Connection& connection) noexcept;

  private:
    Connection* oldest_ = nullptr;
    Connection* newest_ = nullptr;
};

}  // namespace querytap::pipeline
