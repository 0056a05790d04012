// The captures in tests/data for tests: which there are, what their labels expect, their frames,
// and their conversations as turns.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <querytap/tls/key_log.h>

#include "tcp_builder.h"

namespace querytap::test {

/// The project's top folder (QUERYTAP_SOURCE, set by the build).
std::filesystem::path source_root();

/// Where captures made by others stand (QUERYTAP_CAPTURES, default ../shared/captures); tests skip
/// where it does not exist.
std::filesystem::path foreign_captures();

/// What tests/data/labels.json says of a capture.
struct Label {
    std::string expect;  ///< "malicious" or "none"
    std::string threat;  ///< metadata `threat` of the signature that must fire
    std::string needs;   ///< "signature", or what else the detection rests on
    std::map<int, std::uint64_t> tds_messages;  ///< by packet type
    std::string key_log;  ///< file beside the capture: secrets of its TLS sessions; may be empty
    std::uint64_t flows = 0;
    std::uint64_t logins = 0;
};
std::map<std::string, Label> labels();

/// The key log that goes with a capture of tests/data, or null.
std::shared_ptr<const tls::KeyLog> key_log_of(const std::string& capture);

/// File names of all labelled captures.
std::vector<std::string> labelled_captures();

std::vector<OwnedFrame> frames_of(const std::filesystem::path& capture);

/// One TCP conversation; port 1433, or the lower port, is the server.
struct Conversation {
    std::vector<Turn> turns;  ///< in the order in which they could be read
    bool handshake = false;   ///< the capture has its beginning
};
std::vector<Conversation> conversations_of(const std::filesystem::path& capture);

}  // namespace querytap::test
