#include <map>
#include <ostream>

#include <fmt/format.h>

#include <querytap/sinks/summary.h>

#include "conversations.h"
#include "eve_object.h"
#include "names.h"
#include "text_layout.h"
#include "totals.h"

namespace querytap::sinks {
namespace {

using verdict::Level;

constexpr std::size_t kQuietRowsMax = 20;
constexpr std::size_t kIndent = 15;  // where text begins, right of the verdict

std::string painted(const Paint& paint, Level level) {
    const std::string word =
        fmt::format("{:<12}", level == Level::kMalicious    ? "MALICIOUS"
                              : level == Level::kSuspicious ? "SUSPICIOUS"
                                                            : verdict::name(level));
    switch (level) {
        case Level::kMalicious:
            return paint.red(word);
        case Level::kSuspicious:
            return paint.yellow(word);
        case Level::kBenign:
            return paint.green(word);
        case Level::kUnknown:
            return paint.dim(word);
    }
    return word;
}

std::string endpoints(const Conversation& row) {
    const std::string server = row.server.to_string();
    const bool v6 = !row.server.is_v4();
    return fmt::format("{} -> {}{}{}:{}", row.client.to_string(), v6 ? "[" : "", server,
                       v6 ? "]" : "", row.port);
}

std::string login(const Conversation& row) {
    std::string text;
    if (!row.user.empty()) text = fmt::format("login {}", printable(row.user));
    if (!row.application.empty()) {
        text +=
            fmt::format("{}application {}", text.empty() ? "" : ", ", printable(row.application));
    }
    return text;
}

std::string counts(const Conversation& row) {
    return fmt::format("{} connection{}, {} request{}, {}", grouped(row.connections),
                       row.connections == 1 ? "" : "s", grouped(row.requests),
                       row.requests == 1 ? "" : "s", size_text(row.bytes));
}

/// 2026-11-23 07:58:06 - 08:03:11, UTC.
std::string span(const Conversation& row) {
    std::string from = eve_time(row.first).substr(0, 19);
    const std::string to = eve_time(row.last).substr(0, 19);
    from[10] = ' ';
    const bool same_day = from.substr(0, 10) == to.substr(0, 10);
    return fmt::format("{} - {} UTC", from,
                       same_day ? to.substr(11) : to.substr(0, 10) + " " + to.substr(11));
}

void print_reason(std::ostream& out, const verdict::Reason& reason, const Paint& paint,
                  std::size_t width) {
    std::string text = printable(reason.text.view());
    if (!reason.technique.empty()) text += fmt::format(" ({})", printable(reason.technique.view()));
    if (reason.count > 1) text += fmt::format(", {} times", grouped(reason.count));
    const std::string id = fmt::format("{:<14} ", printable(reason.id.view()));
    const std::string margin(kIndent + id.size(), ' ');
    bool first = true;
    for (const std::string& line : wrapped(text, width - margin.size())) {
        out << (first ? std::string(kIndent, ' ') + paint.dim(id) : margin) << line << "\n";
        first = false;
    }
}

void print_loud(std::ostream& out, const Conversation& row, const Paint& paint, std::size_t width) {
    const std::string margin(kIndent, ' ');
    out << "  " << painted(paint, row.level) << " " << paint.bold(endpoints(row)) << "\n";
    for (const std::string& line : {login(row), printable(row.tls), counts(row), span(row)}) {
        if (!line.empty()) out << margin << line << "\n";
    }
    for (const verdict::Reason& reason : row.reasons)
        print_reason(out, reason, paint, width);
    out << "\n";
}

void print_quiet(std::ostream& out, const Conversation& row, const Paint& paint,
                 std::size_t width) {
    std::string text = fmt::format("{}  {}", endpoints(row), counts(row));
    const std::string who = login(row);
    if (!who.empty()) text += "  " + who;
    if (!row.tls.empty()) text += "  " + printable(row.tls);
    for (const std::string& line : wrapped(text, width - kIndent)) {
        const bool first = text.starts_with(line);
        out << (first ? "  " + painted(paint, row.level) + " " : std::string(kIndent, ' ')) << line
            << "\n";
    }
}

std::string tds_line(const Totals& totals) {
    std::string text = grouped(totals.tds_messages_all());
    std::string details;
    for (std::size_t type = 0; type < totals.tds_messages.size(); ++type) {
        if (totals.tds_messages[type] == 0) continue;
        details += fmt::format("{}{} {}", details.empty() ? "" : ", ",
                               tds::name(static_cast<tds::PacketType>(type)),
                               grouped(totals.tds_messages[type]));
    }
    return details.empty() ? text : text + " (" + details + ")";
}

std::string drops_line(const Totals& totals) {
    std::string text;
    for (const auto& [reason, count] : totals.drops) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, grouped(count));
    }
    return text.empty() ? "none" : text;
}

}  // namespace

struct Summary::Impl {
    Conversations conversations{kConversationsMax};
    struct Signature {
        std::string message;
        std::uint64_t alerts = 0;
    };
    std::map<std::uint32_t, Signature> signatures;
};

Summary::Summary() : impl_(std::make_unique<Impl>()) {}
Summary::~Summary() = default;

void Summary::write(const pipeline::Event& event, const signature::Rule* rule) {
    impl_->conversations.add(event);
    if (event.type != pipeline::EventType::kAlert || rule == nullptr) return;
    Impl::Signature& signature = impl_->signatures[rule->sid];
    signature.message = rule->message;
    ++signature.alerts;
}

void Summary::print(std::ostream& out, const MetricsSource& source, const Totals& run) const {
    const Paint paint(run.color);
    const std::vector<const Conversation*> rows = impl_->conversations.sorted();
    std::size_t loud = 0;
    while (loud < rows.size() && rows[loud]->level >= Level::kSuspicious)
        ++loud;

    out << "\n"
        << paint.bold(fmt::format("Conversations: {}, with a verdict: {}", rows.size(), loud))
        << "\n\n";
    for (std::size_t i = 0; i < loud; ++i)
        print_loud(out, *rows[i], paint, run.width);
    for (std::size_t i = loud; i < std::min(rows.size(), loud + kQuietRowsMax); ++i) {
        print_quiet(out, *rows[i], paint, run.width);
    }
    if (rows.size() > loud + kQuietRowsMax) {
        out << fmt::format("{:15}and {} more\n", "", rows.size() - loud - kQuietRowsMax);
    }
    if (impl_->conversations.left_out() > 0) {
        out << fmt::format("{:15}{} found no place in this table\n", "",
                           grouped(impl_->conversations.left_out()));
    }

    const sinks::Totals totals = totals_of(source);
    const auto line = [&](std::string_view what, const std::string& text) {
        bool first = true;
        for (const std::string& part : wrapped(text, run.width - kIndent)) {
            out << (first ? fmt::format("  {:<13}", what) : std::string(kIndent, ' ')) << part
                << "\n";
            first = false;
        }
    };
    out << "\n" << paint.bold("Totals") << "\n";
    line("packets", fmt::format("{}, {}", grouped(totals.packets), size_text(totals.bytes)));
    line("flows", grouped(totals.flows_created));
    line("TDS messages", tds_line(totals));
    line("drops", drops_line(totals));
    for (const auto& [sid, signature] : impl_->signatures) {
        line("alerts", fmt::format("{} x sid:{} {}", grouped(signature.alerts), sid,
                                   printable(signature.message)));
    }
    if (totals.alerts_suppressed > 0) {
        line("", fmt::format("{} repeated alerts were only counted",
                             grouped(totals.alerts_suppressed)));
    }
    if (run.seconds > 0) {
        const double packets = static_cast<double>(totals.packets) / run.seconds;
        const double bits = static_cast<double>(totals.bytes) * 8 / run.seconds;
        std::string speed =
            fmt::format("{} packets/s, {:.2f} Gbit/s in {:.2f} s",
                        grouped(static_cast<std::uint64_t>(packets)), bits / 1e9, run.seconds);
        if (run.capture_seconds > 0) {
            speed += fmt::format(" (captured in {:.0f} s)", run.capture_seconds);
        }
        line("speed", speed);
    }
}

}  // namespace querytap::sinks
