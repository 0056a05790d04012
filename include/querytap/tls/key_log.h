// The secrets of TLS sessions, as browsers and libraries write them to SSLKEYLOGFILE (NSS key log
// format, draft-ietf-tls-keylogfile). For lab replays: read once, at start.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/tls/handshake.h>

namespace querytap::tls {

class KeyLog {
  public:
    using Random = std::array<std::uint8_t, 32>;  ///< ClientHello.random names a session
    using Secret = std::vector<std::uint8_t>;     ///< empty: the log does not have it

    struct Secrets {
        Secret master;                    ///< TLS 1.2
        std::array<Secret, 2> handshake;  ///< TLS 1.3, by Side
        std::array<Secret, 2> traffic;    ///< TLS 1.3, of the first application data
    };

    /// Labels that are of no use here are skipped, anything that is no line of a key log is an
    /// error with its place.
    static Result<KeyLog> load(const std::filesystem::path& file);
    /// The same from a stream; `name` is what errors call it.
    static Result<KeyLog> read(std::istream& in, const std::string& name);

    const Secrets* find(const Random& random) const noexcept;
    std::size_t size() const noexcept { return sessions_.size(); }

  private:
    std::map<Random, Secrets> sessions_;
};

}  // namespace querytap::tls
