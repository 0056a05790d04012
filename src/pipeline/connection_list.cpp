#include "connection_list.h"

#include "connection.h"

namespace querytap::pipeline {

void ConnectionList::add(Connection& connection) noexcept {
    remove(connection);
    connection.links = {.older = newest_, .newer = nullptr, .list = this};
    (newest_ == nullptr ? oldest_ : newest_->links.newer) = &connection;
    newest_ = &connection;
}

void ConnectionList::remove(Connection& connection) noexcept {
    const ConnectionLinks links = connection.links;
    if (links.list == nullptr) return;
    (links.older == nullptr ? links.list->oldest_ : links.older->links.newer) = links.newer;
    (links.newer == nullptr ? links.list->newest_ : links.newer->links.older) = links.older;
    connection.links = {};
}

}  // namespace querytap::pipeline
