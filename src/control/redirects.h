// Ties a connection to the one whose server sent the client there (ENVCHANGE routing, MS-TDS
// 2.2.7.9: Azure, availability groups). Here and not with the workers, because two connections may
// belong to two of them.
#pragma once

#include <deque>

#include <querytap/pipeline/event.h>

namespace querytap::control {

class Redirects {
  public:
    /// Remembers a redirection; in records of the client's next connection to its port, tells where
    /// that came from.
    void apply(pipeline::Event& event);

  private:
    struct Redirect {
        IpAddress client;
        std::uint16_t port = 0;
        Timestamp time;
        std::uint64_t from = 0;  ///< flow_id
        std::uint64_t to = 0;    ///< the same of the next connection, once it came
    };

    void remember(const pipeline::Event& event);
    std::uint64_t origin_of(const pipeline::Event& event);

    std::deque<Redirect> recent_;
};

}  // namespace querytap::control
