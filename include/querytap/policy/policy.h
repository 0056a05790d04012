// What the owner of the network calls legitimate: which clients may speak to which SQL servers,
// how, as whom and when. The first rule whose clients and servers match decides. Immutable after
// loading; shared by all workers, replaced as a whole.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <querytap/base/ip_address.h>
#include <querytap/base/result.h>
#include <querytap/base/time.h>
#include <querytap/sql/statement_class.h>

namespace querytap::policy {

enum class Action : std::uint8_t { kAllow, kWatch, kDeny };
std::string_view name(Action action) noexcept;

/// What can be held against a conversation. id() is that of the evidence in verdict/evidence.h.
enum class Finding : std::uint8_t {
    kDenied,
    kServerNotAllowed,          ///< an internal server that no group names
    kExternalServerNotAllowed,  ///< a server outside, and no rule for it
    kClientNotAllowed,          ///< a server that is named, but no rule for this client
    kClearTextWhereEncryptedExpected,
    kEncryptedWhereClearExpected,
    kTlsVersionTooOld,
    kCertificateNotExpected,
    kTdsVersionNotAllowed,
    kLoginNotAllowed,
    kApplicationNotAllowed,
    kHostNotAllowed,
    kDatabaseNotAllowed,
    kStatementNotAllowed,
    kOutsideHours,
    kNotThroughGateway,
    kVolumeAboveLimit,
};
inline constexpr std::size_t kFindingCount = 17;
std::string_view id(Finding finding) noexcept;

class Findings {
  public:
    void add(Finding finding) noexcept { bits_ |= 1u << static_cast<unsigned>(finding); }
    bool has(Finding finding) const noexcept {
        return (bits_ & 1u << static_cast<unsigned>(finding)) != 0;
    }
    bool any() const noexcept { return bits_ != 0; }
    bool operator==(const Findings&) const noexcept = default;

  private:
    std::uint32_t bits_ = 0;
};

/// What is known of a conversation when a rule is asked. What is not known (yet) is not judged.
enum class Transport : std::uint8_t { kUnknown, kClear, kEncrypted };
struct Facts {
    IpAddress client{};
    IpAddress server{};
    std::uint16_t server_port = 0;
    /// The server announced the port (SSRP), or sent the client there (routing): the ports of the
    /// policy need not name it.
    bool port_announced = false;
    Timestamp time{};  ///< of the packet; the epoch: unknown
    Transport transport = Transport::kUnknown;
    std::string_view server_name{};  ///< SNI, or ServerName of LOGIN7
    bool name_known = false;         ///< no other name will come
    std::uint16_t tls_version = 0;   ///< chosen; 0x0303 is TLS 1.2
    bool certificate_seen = false;
    bool self_signed = false;
    std::string_view certificate_subject{};
    std::string_view certificate_issuer{};
    bool login_seen = false;  ///< LOGIN7: names that are empty are empty indeed
    std::uint32_t tds_version = 0;
    std::string_view user{};
    std::string_view application{};
    std::string_view host{};
    std::string_view database{};
    sql::StatementClasses statements{};
    /// Of TDS streams between the two on this day so far; 0: unknown.
    std::uint64_t to_server_today = 0;
    std::uint64_t to_client_today = 0;
};

inline constexpr std::uint16_t kNoRule = UINT16_MAX;

struct Decision {
    Action action = Action::kWatch;
    /// Of the rule that decided, or "default"; lives as long as the policy.
    std::string_view rule{};
    std::uint16_t rule_index = kNoRule;
    Findings findings{};
    /// A rule that may match asks for the server's name, which is not known yet: no answer.
    bool pending = false;
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

    /// Some rule restricts statements: their classes are wanted.
    bool judges_statements() const noexcept;

    /// Some rule limits the volume of a day: what went between the two is wanted.
    bool limits_volume() const noexcept;

    /// Number of the day, by the policy's UTC offset.
    std::int64_t day_of(Timestamp time) const noexcept;

    /// The rules in order, why each applies or not, and which decides: lines for a person.
    std::string explain(const Facts& facts) const;

  private:
    struct Impl;
    explicit Policy(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// "10.1.2.3 -> 52.1.2.3:1433 tls=1.2 sni=x login=sa app=y host=h database=d tds=7.4
/// statements=read,write time=2026-03-02T08:00:00Z to_server_mb=3 to_client_mb=800", as check --explain takes it. `text` outlives
/// the facts.
Result<Facts> parse_facts(std::string_view text);

}  // namespace querytap::policy
