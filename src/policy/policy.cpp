#include <array>
#include <fstream>
#include <iterator>

#include <querytap/policy/policy.h>

#include "reader.h"
#include "rule_table.h"

namespace querytap::policy {

struct Policy::Impl {
    explicit Impl(Model read) : model(std::move(read)), table(model) {}

    Model model;
    RuleTable table;
};

Policy::Policy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Policy::~Policy() = default;

Result<std::shared_ptr<const Policy>> Policy::parse(std::string_view yaml, std::string_view name) {
    auto model = read(yaml, name);
    if (!model) return model.error();
    auto impl = std::make_unique<Impl>(std::move(model).value());
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
    const Model& model = impl_->model;
    const AddressMap::SetId client = model.clients.find(facts.client);
    const AddressMap::SetId server = model.servers.find(facts.server);
    for (auto candidate = impl_->table.first(client, server); candidate != kNoRule;
         candidate = impl_->table.next(client, server, candidate)) {
        const Rule& rule = model.rules[candidate];
        switch (server_applies(model, rule, server, facts)) {
            case Applies::kNo:
                continue;
            case Applies::kUnknown:
                return {.pending = true};
            case Applies::kYes:
                return {.action = rule.action,
                        .rule = rule.name,
                        .rule_index = candidate,
                        .findings = violations(model, rule, client, facts)};
        }
    }
    return otherwise(model, server, facts);
}

bool Policy::judges_statements() const noexcept {
    for (const Rule& rule : impl_->model.rules) {
        if (rule.statements) return true;
    }
    return false;
}

bool Policy::limits_volume() const noexcept {
    const auto& rules = impl_->model.rules;
    return std::any_of(rules.begin(), rules.end(), [](const Rule& rule) {
        return rule.to_server_a_day != 0 || rule.to_client_a_day != 0;
    });
}

std::int64_t Policy::day_of(Timestamp time) const noexcept {
    const auto local =
        time.time_since_epoch() + std::chrono::minutes(impl_->model.utc_offset_minutes);
    return std::chrono::floor<std::chrono::days>(local).count();
}

std::string Policy::explain(const Facts& facts) const {
    return explain_decision(impl_->model, facts, check(facts));
}

std::string_view name(Action action) noexcept {
    static constexpr std::array<std::string_view, 3> kNames{"allow", "watch", "deny"};
    return kNames[static_cast<std::size_t>(action)];
}

std::string_view id(Finding finding) noexcept {
    static constexpr std::array<std::string_view, kFindingCount> kIds{
        "denied",
        "server-not-allowed",
        "external-server-not-allowed",
        "client-not-allowed",
        "clear-text-where-encrypted-expected",
        "encrypted-where-clear-expected",
        "tls-version-too-old",
        "certificate-not-expected",
        "tds-version-not-allowed",
        "login-not-allowed",
        "application-not-allowed",
        "host-not-allowed",
        "database-not-allowed",
        "statement-not-allowed",
        "outside-hours",
        "not-through-gateway",
        "volume-above-limit"};
    return kIds[static_cast<std::size_t>(finding)];
}

}  // namespace querytap::policy
