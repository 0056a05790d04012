#include <algorithm>
#include <fstream>
#include <iterator>

#include <querytap/policy/policy.h>

#include "glob.h"
#include "reader.h"

namespace querytap::policy {
namespace {

// Evidence: a denied conversation is suspicious by itself, one that only nobody listed is not.
constexpr std::uint16_t kDenied = 60;
constexpr std::uint16_t kViolated = 50;
constexpr std::uint16_t kNotListed = 15;

bool contains(const Group& group, const IpAddress& address) noexcept {
    return std::any_of(group.addresses.begin(), group.addresses.end(),
                       [&](const Prefix& prefix) { return prefix.contains(address); });
}

bool matches(const std::vector<Group>& clients, const IpAddress& client) noexcept {
    return clients.empty() || std::any_of(clients.begin(), clients.end(), [&](const Group& group) {
               return contains(group, client);
           });
}

bool matches(const Group& server, const IpAddress& address, std::uint16_t port) noexcept {
    const bool on_port =
        server.ports.empty() ||
        std::any_of(server.ports.begin(), server.ports.end(),
                    [&](PortRange range) { return range.first <= port && port <= range.last; });
    return on_port && contains(server, address);
}

bool applies(const Rule& rule, const Facts& facts) noexcept {
    const bool server =
        rule.servers.empty() ||
        std::any_of(rule.servers.begin(), rule.servers.end(), [&](const Group& group) {
            return matches(group, facts.server, facts.server_port);
        });
    return server && matches(rule.clients, facts.client);
}

/// What is not known yet (empty) is not judged yet.
bool violates(const std::vector<std::string>& globs, std::string_view value) noexcept {
    return !globs.empty() && !value.empty() &&
           std::none_of(globs.begin(), globs.end(),
                        [&](const std::string& glob) { return glob_match(glob, value); });
}

std::string_view finding_of(const Rule& rule, const Facts& facts) noexcept {
    if (rule.encryption == EncryptionDemand::kRequired && facts.transport == Transport::kClear) {
        return "clear-text-where-encrypted-expected";
    }
    if (rule.encryption == EncryptionDemand::kForbidden &&
        facts.transport == Transport::kEncrypted) {
        return "encrypted-where-clear-expected";
    }
    if (violates(rule.logins, facts.user)) return "login-not-allowed";
    if (violates(rule.applications, facts.application)) return "application-not-allowed";
    return {};
}

}  // namespace

struct Policy::Impl {
    Model model;
};

Policy::Policy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Policy::~Policy() = default;

Result<std::shared_ptr<const Policy>> Policy::parse(std::string_view yaml, std::string_view name) {
    auto model = read(yaml, name);
    if (!model) return model.error();
    auto impl = std::make_unique<Impl>(Impl{std::move(model).value()});
    return std::shared_ptr<const Policy>(new Policy(std::move(impl)));
}

Result<std::shared_ptr<const Policy>> Policy::load(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) {
        return Error{.message = "cannot be read",
                     .hint = "see deploy/policy.example.yaml for what belongs in it",
                     .file = file.string()};
    }
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return parse(text, file.string());
}

Decision Policy::check(const Facts& facts) const noexcept {
    for (const Rule& rule : impl_->model.rules) {
        if (!applies(rule, facts)) continue;
        if (rule.action == Action::kDeny) {
            return {
                .action = rule.action, .rule = rule.name, .finding = "denied", .weight = kDenied};
        }
        const std::string_view finding = finding_of(rule, facts);
        return {.action = rule.action,
                .rule = rule.name,
                .finding = finding,
                .weight = finding.empty() ? std::uint16_t{0} : kViolated};
    }
    const Action action = impl_->model.otherwise;
    if (action == Action::kAllow) return {.action = action, .rule = "default"};
    return {.action = action,
            .rule = "default",
            .finding = "server-not-allowed",
            .weight = action == Action::kDeny ? kDenied : kNotListed};
}

}  // namespace querytap::policy
