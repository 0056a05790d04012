// querytap check --profile: what each signature costs on a capture.
#include <fmt/format.h>

#include <querytap/signature/profile.h>

#include "capture_inspection.h"
#include "check_options.h"
#include "exit_status.h"

namespace querytap::cli {
namespace {

constexpr std::size_t kRowsMax = 25;

/// Nobody asks for the events.
class NoEvents final : public pipeline::EventSink {
  public:
    pipeline::Event* reserve(pipeline::EventType) noexcept override { return &event_; }
    void publish() noexcept override {}

  private:
    pipeline::Event event_;
};

void print(const std::vector<signature::RuleCost>& costs, const signature::RecordedValues& values) {
    double total = 0;
    for (const signature::RuleCost& cost : costs)
        total += cost.seconds;
    fmt::print("{:.1f} kB were matched. Each rule by itself, the dearest first:\n\n",
               static_cast<double>(values.bytes()) / 1e3);
    fmt::print("   share   ns/kB    matches  sid\n");
    for (std::size_t i = 0; i < std::min(costs.size(), kRowsMax); ++i) {
        const signature::RuleCost& cost = costs[i];
        if (cost.bytes == 0) break;
        fmt::print("{:6.1f} %  {:6.0f}  {:9}  {}  {}\n", 100 * cost.seconds / total,
                   1e12 * cost.seconds / static_cast<double>(cost.bytes), cost.matches, cost.sid,
                   cost.message);
    }
    if (values.left_out() > 0) {
        fmt::print("\n{} values were left out: more than {} MB\n", values.left_out(),
                   signature::RecordedValues::kBytesMax >> 20);
    }
    fmt::print(
        "\nmatches: pieces of text in which a part of the rule was found. Many of them without\n"
        "alerts mean work: a rarer content makes the rule cheaper.\n");
}

}  // namespace

int check_profile(const CheckOptions& options) {
    auto rules = signature::RuleSet::load(options.directory, options.load);
    if (!rules) return fail(kUsage, rules.error());
    NoEvents events;
    signature::RecordedValues values;
    const Status read = inspect_capture(options.profile, *rules, events, &values);
    if (!read.ok()) return fail(kFailed, read.error());
    if (values.bytes() == 0) {
        return fail(kFailed, {.message = "nothing in it is matched by signatures",
                              .hint = "give a capture with TDS in clear text",
                              .file = options.profile});
    }
    auto costs = signature::profile(options.directory, options.load, values);
    if (!costs) return fail(kUsage, costs.error());
    print(*costs, values);
    return kDone;
}

}  // namespace querytap::cli
