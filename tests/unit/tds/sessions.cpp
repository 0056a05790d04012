#include "sessions.h"

namespace querytap::tds::test {
namespace {

void feed(Session& session, const std::vector<Turn>& turns, std::size_t cut, Handler& handler) {
    for (const Turn& turn : turns) {
        Bytes left = turn.bytes;
        while (!left.empty()) {
            const std::size_t size = cut == 0 ? left.size() : std::min(cut, left.size());
            const std::vector<std::uint8_t> piece(left.begin(),
                                                  left.begin() + static_cast<std::ptrdiff_t>(size));
            session.feed(turn.direction, piece, handler);
            left = left.subspan(size);
        }
    }
    session.finish(handler);
}

std::vector<Turn> after_login(const std::vector<Turn>& turns) {
    std::vector<Turn> all = login_turns();
    all.insert(all.end(), turns.begin(), turns.end());
    return all;
}

Wire nvarchar_param(std::string_view name, std::string_view value) {
    return Wire().b_varchar(name).u8(0).nvarchar_type().nvarchar(value);
}

Wire rpc_of_many_types() {
    Wire rpc;
    rpc.headers().u16(0xffff).u16(10).u16(0);
    rpc.add(nvarchar_param("", "select @p"));
    rpc.add(nvarchar_param("", "@p int"));
    rpc.b_varchar("@i").u8(0).u8(0x26).u8(4).u8(4).u32(7);
    rpc.b_varchar("@v").u8(0).varchar_type().u16(5).raw("plain");
    rpc.b_varchar("@b").u8(0).u8(0xa5).u16(8000).u16(3).u8(1).u8(2).u8(3);
    rpc.b_varchar("@null").u8(0).nvarchar_type().u16(0xffff);
    rpc.b_varchar("@max")
        .u8(0)
        .nvarchar_type(0xffff)
        .u64(12)
        .u32(4)
        .wide("xp")
        .u32(8)
        .wide("_cmd")
        .u32(0);
    rpc.b_varchar("@none").u8(0).nvarchar_type(0xffff).u64(~std::uint64_t{0});
    rpc.b_varchar("@d").u8(1).u8(0x6a).u8(17).u8(18).u8(2).u8(5).u8(1).u32(42);
    rpc.b_varchar("@t").u8(0).u8(0x2a).u8(7).u8(8).u64(1);
    rpc.b_varchar("@x").u8(0).u8(0xf1).u8(0).u64(~std::uint64_t{1}).u32(8).wide("<a/>").u32(0);
    rpc.u8(0xff).us_varchar("master..sp_help").u16(2);
    return rpc;
}

Wire table_rpc() {
    Wire rpc;
    rpc.headers().us_varchar("dbo.load").u16(0).u8(0).u8(0).u8(0xf3);
    rpc.b_varchar("").b_varchar("dbo").b_varchar("rows").u16(3);
    rpc.u32(0).u16(0).u8(0x26).u8(4).b_varchar("");
    rpc.u32(0).u16(0x200).u8(0x26).u8(8).b_varchar("");  // default: not in the rows
    rpc.u32(0).u16(0).nvarchar_type().b_varchar("");
    rpc.u8(0x10).u16(1).u16(1).u8(1);
    rpc.u8(0x11).u16(3).u16(3).u16(1).u16(2).u8(0);
    rpc.u8(1).nvarchar("first").u8(4).u32(1);
    rpc.u8(1).nvarchar("second").u8(0);
    rpc.u8(0);
    rpc.add(nvarchar_param("@after", "tail"));
    return rpc;
}

Wire wide_result() {
    Wire result;
    result.u8(0x81).u16(6);
    result.column().nvarchar_type().b_varchar("name");
    result.column().u8(0x38).b_varchar("id");
    result.column().u8(0x23).u32(1000).raw(std::string_view("\x09\x04\xd0\x00\x34", 5));
    result.u8(2).us_varchar("dbo").us_varchar("t").b_varchar("body");
    result.column().u8(0x62).u32(8009).b_varchar("any");
    result.column().u8(0xf0).u16(100).b_varchar("db").b_varchar("dbo").b_varchar("point");
    result.us_varchar("Assembly").b_varchar("udt");
    result.column().varchar_type(0xffff).b_varchar("long");
    result.u8(0xa4).u16(2).u16(0).u8(0xa5).u16(3).zeros(3).u8(0xa9).u16(2).u16(1);
    for (int i = 0; i < 2; ++i) {
        result.u8(0xd1).nvarchar("row").u32(5);
        result.u8(16).zeros(16 + 8).u32(4).raw("text");
        result.u32(11).u8(0xa7).u8(7).zeros(5).u16(20).raw("so");
        result.u64(2).u32(2).u8(0xca).u8(0xfe).u32(0);
        result.u64(6).u32(3).raw("abc").u32(3).raw("def").u32(0);
    }
    result.u8(0xd2).u8(0x3d).u32(9);
    result.u8(0xab).u16(26).u32(0).u8(1).u8(0).us_varchar("hello").b_varchar("").b_varchar("p");
    result.u32(1);
    return result.done(0x10, 3);
}

Wire smp(std::uint8_t flag, std::uint16_t session, const Wire& data = {}) {
    return Wire()
        .u8(0x53)
        .u8(flag)
        .u16(session)
        .u32(16 + data.bytes.size())
        .u32(1)
        .u32(4)
        .add(data);
}

/// Two conversations, each interrupted by the other in the middle of a packet's header and text.
std::vector<Turn> mars_turns() {
    const Wire first = batch("select 'one conversation'");
    const Wire second = batch("select 'the other'");
    const auto part = [](const Wire& wire, std::size_t from, std::size_t to) {
        Wire cut;
        cut.bytes.assign(wire.bytes.begin() + static_cast<std::ptrdiff_t>(from),
                         wire.bytes.begin() + static_cast<std::ptrdiff_t>(to));
        return cut;
    };
    return after_login({
        client(smp(1, 5).add(smp(1, 6))),
        client(smp(8, 5, part(first, 0, 3)).add(smp(8, 6, part(second, 0, 41)))),
        client(smp(8, 5, part(first, 3, 50)).add(smp(8, 6, part(second, 41, second.bytes.size())))),
        server(smp(2, 6).add(smp(8, 6, packets(4, Wire().done(0x10, 6))))),
        client(smp(8, 5, part(first, 50, first.bytes.size()))),
        server(smp(8, 5, packets(4, Wire().done(0x10, 5)))),
        client(smp(4, 6)),
        server(smp(4, 6)),
    });
}

Wire tls(std::uint8_t type, std::size_t size) {
    return Wire().u8(type).u8(3).u8(3).u16be(size).fill(size, 0x5a);
}

std::vector<Turn> login_only_tls() {
    return {
        client(packets(18, prelogin_body(0))),
        server(packets(4, prelogin_body(0))),
        client(packets(18, tls(22, 200))),
        server(packets(18, tls(22, 900))),
        client(packets(18, tls(22, 70))),
        server(packets(18, tls(20, 1).add(tls(22, 40)))),
        client(tls(23, 300)),
        server(login_answer()),
        client(batch("select 'in the clear again'")),
        server(packets(4, Wire().done())),
    };
}

}  // namespace

std::vector<Turn> login_turns(std::uint8_t encryption) {
    return {client(packets(18, prelogin_body(encryption))),
            server(packets(4, prelogin_body(encryption))), client(packets(16, login_body())),
            server(login_answer())};
}

const std::vector<Recorded>& recorded_sessions() {
    static const std::vector<Recorded> kSessions = {
        {"login", login_turns()},
        {"batch", after_login({client(batch("exec xp_cmdshell 'whoami'")),
                               server(packets(4, wide_result()))})},
        {"small packets",
         after_login({client(packets(1, Wire().headers().wide("select 'cut'"), 17)),
                      server(packets(4, wide_result(), 13))})},
        {"rpc", after_login({client(packets(3, rpc_of_many_types(), 64)),
                             server(packets(4, Wire().u8(0x79).u32(0).done(0, 0, 0xfe)))})},
        {"table", after_login({client(packets(3, table_rpc(), 40))})},
        {"mars", mars_turns()},
        {"login-only tls", login_only_tls()},
        {"lost framing",
         after_login({client(batch("exec sp_start_proxy")), server(packets(4, Wire().done())),
                      client(Wire().raw("ACK and then a tunnel")),
                      server(Wire().raw("\x05 socks"))})},
        {"undefined type", after_login({client(packets(0xf1, Wire().raw("tunnelled bytes"))),
                                        client(batch("select 1"))})},
    };
    return kSessions;
}

std::string log_of(SessionPool& pool, const std::vector<Turn>& turns, std::size_t cut,
                   bool midstream, bool detailed) {
    EventLog log(detailed);
    Session session(pool, midstream);
    feed(session, turns, cut, log);
    return log.text();
}

std::string facts_of(const std::vector<Turn>& turns, bool midstream) {
    SessionPool pool({.buffers = 64});
    EventLog log;
    Session session(pool, midstream);
    feed(session, turns, 0, log);
    return log.facts();
}

}  // namespace querytap::tds::test
