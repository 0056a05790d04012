#include "eve_stats.h"

#include <querytap/tds/message.h>

#include "eve_object.h"
#include "names.h"
#include "totals.h"

namespace querytap::sinks {

void write_stats_record(rapidjson::StringBuffer& out, const MetricsSource& source, Timestamp when) {
    const Totals totals = totals_of(source);
    EveObject eve(out);
    eve.begin();
    eve.time("timestamp", when);
    eve.text("event_type", "stats");
    eve.begin("stats");
    eve.number("packets", totals.packets);
    eve.number("bytes", totals.bytes);
    eve.begin("drops");
    for (const auto& [reason, count] : totals.drops)
        eve.number(reason, count);
    eve.end();
    eve.begin("overload");
    eve.number("level", totals.load);
    eve.number("sessions_degraded", totals.sessions_degraded);
    eve.begin("shed_bytes");
    for (std::size_t i = 0; i < totals.shed_bytes.size(); ++i)
        eve.number(pipeline::name(static_cast<pipeline::Shed>(i)), totals.shed_bytes[i]);
    eve.end();
    eve.end();
    eve.begin("defrag");
    eve.number("fragments", totals.fragments);
    eve.number("reassembled", totals.fragmented_datagrams);
    eve.end();
    eve.begin("flow");
    eve.number("created", totals.flows_created);
    eve.number("active", totals.flows_active);
    eve.end();
    eve.begin("tcp");
    eve.number("gaps", totals.gaps);
    eve.number("gap_bytes", totals.gap_bytes);
    eve.end();
    eve.begin("tds");
    eve.number("logins", totals.logins);
    eve.number("queries", totals.queries);
    eve.number("sql_limits", totals.sql_limits);
    eve.begin("messages");
    for (std::size_t type = 0; type < totals.tds_messages.size(); ++type) {
        const auto packet_type = static_cast<tds::PacketType>(type);
        eve.number_if(tds::name(packet_type), totals.tds_messages[type]);
    }
    eve.end();
    eve.end();
    eve.begin("detect");
    eve.number("alerts", totals.alerts);
    eve.number("alerts_suppressed", totals.alerts_suppressed);
    eve.end();
    eve.end();
    eve.end();
}

}  // namespace querytap::sinks
