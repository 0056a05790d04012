// What the owner calls legitimate: which clients may speak to which SQL servers, on which ports,
// clear or encrypted. First rule that matches decides. Immutable after loading; shared by workers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <querytap/base/ip_address.h>
#include <querytap/base/result.h>

namespace querytap::policy {

enum class Action : std::uint8_t { kAllow, kWatch, kDeny };

/// What is known of a conversation when a rule is asked. Empty / kUnknown = not known (yet).
enum class Transport : std::uint8_t { kUnknown, kClear, kEncrypted };
struct Facts {
    IpAddress client;
    IpAddress server;
    std::uint16_t server_port = 0;
    Transport transport = Transport::kUnknown;
    std::string_view user;
    std::string_view application;
};

struct Decision {
    Action action = Action::kWatch;
    std::string_view
        rule;  ///< name of the rule that decided, or "default"; lives as long as the policy
    std::string_view finding{};  ///< "server-not-allowed", "clear-text-where-encrypted-expected",
                                 ///< ...; empty when allowed
    std::uint16_t weight = 0;    ///< of the finding as evidence
};

class Policy {
  public:
    static Result<std::shared_ptr<const Policy>> load(const std::filesystem::path& file);
    static Result<std::shared_ptr<const Policy>> parse(std::string_view yaml,
                                                       std::string_view name);
    ~Policy();
    Policy(const Policy&) = delete;
    Policy& operator=(const Policy&) = delete;

    /// No allocation; safe from any thread.
    Decision check(const Facts& facts) const noexcept;

  private:
    struct Impl;
    explicit Policy(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::policy
