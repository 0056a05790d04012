// What is known of each client-server pair, for the closing table. A poll that logs in anew each
// time is one row, not hundreds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <querytap/pipeline/event.h>

namespace querytap::sinks {

struct Conversation {
    IpAddress client;
    IpAddress server;
    std::uint16_t port = 0;
    verdict::Level level = verdict::Level::kUnknown;
    std::uint32_t score = 0;
    std::vector<verdict::Reason> reasons;  ///< of all its flows, heaviest first
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;  ///< TDS messages to the server
    std::uint64_t bytes = 0;
    Timestamp first{};
    Timestamp last{};
    std::string user;  ///< of the first login seen
    std::string application;
    protocol::Protocol app = protocol::Protocol::kUndecided;
    std::string tls;  ///< of the first handshake seen, in words
};

class Conversations {
  public:
    explicit Conversations(std::size_t size_max) : size_max_(size_max) {}

    void add(const pipeline::Event& event);

    /// Worst first, then by time.
    std::vector<const Conversation*> sorted() const;
    std::uint64_t left_out() const noexcept { return left_out_; }

  private:
    using Key = std::tuple<IpAddress, IpAddress, std::uint16_t>;

    Conversation* place(const pipeline::Event& event);
    bool make_room(const pipeline::Event& event);

    std::size_t size_max_;
    std::map<Key, Conversation> all_;
    std::uint64_t left_out_ = 0;
};

}  // namespace querytap::sinks
