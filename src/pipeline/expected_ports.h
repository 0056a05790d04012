// Ports where SQL Server was announced: by its own answers to SSRP, and by a redirection (ENVCHANGE
// 20 and 21). A table of fixed size; what is old or crowded out is forgotten.
#pragma once

#include <array>
#include <cstdint>

#include <querytap/base/ip_address.h>
#include <querytap/base/time.h>
#include <querytap/flow/key.h>

namespace querytap::pipeline {

class ExpectedPorts {
  public:
    /// The server says that it listens there.
    void learn_server(const IpAddress& server, std::uint16_t port, Timestamp now) noexcept {
        learn({server, port, true, now});
    }
    /// The client was told to go there; the server is known by its name only.
    void learn_client(const IpAddress& client, std::uint16_t port, Timestamp now) noexcept {
        learn({client, port, false, now});
    }

    /// One side of the flow is such a server, or such a client's next server.
    bool touched_by(const flow::Key& key, Timestamp now) const noexcept {
        return learnt_ && (has(key.a, key.b, now) || has(key.b, key.a, now));
    }

    /// The server announced the port. (What clients were told, only their own worker knows.)
    bool announced(const flow::Endpoint& server, Timestamp now) const noexcept {
        return learnt_ && find({server.address, server.port, true, {}}, now);
    }

  private:
    struct Entry {
        IpAddress address;
        std::uint16_t port = 0;  ///< 0: free
        bool of_server = false;
        Timestamp learnt{};

        bool same(const Entry& other) const noexcept {
            return port == other.port && of_server == other.of_server && address == other.address;
        }
    };
    static constexpr std::size_t kSets = 256;
    static constexpr std::size_t kWays = 4;
    // Clients ask when they connect, and pools of connections live for a working day.
    static constexpr Duration kLifetime = std::chrono::hours(24);
    using Set = std::array<Entry, kWays>;

    static std::size_t set_of(const Entry& entry) noexcept;
    void learn(const Entry& entry) noexcept;
    bool has(const flow::Endpoint& server, const flow::Endpoint& client,
             Timestamp now) const noexcept {
        return find({server.address, server.port, true, {}}, now) ||
               find({client.address, server.port, false, {}}, now);
    }
    bool find(const Entry& wanted, Timestamp now) const noexcept;

    std::array<Set, kSets> sets_{};
    bool learnt_ = false;  ///< on most taps nothing ever is
};

}  // namespace querytap::pipeline
