// Work grows with bytes and with nothing else: hostile inputs of a size, of twice and of four times
// it. The room is compiled for this test with a call in each basic block (trace-pc), and what is
// compared is the number of blocks that ran: no clock.
#include <cstdio>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include <querytap/tds/session.h>
#include <querytap/tds/ssrp.h>

#include "wire.h"

namespace {
std::uint64_t steps = 0;
}
extern "C" void __sanitizer_cov_trace_pc() {
    ++steps;
}

namespace querytap::tds::test {
namespace {

struct Input {
    Direction direction = Direction::kToServer;
    Wire wire;
    std::size_t piece = 1448;  ///< bytes handed over at once
    bool midstream = false;
};

Wire smp(std::uint8_t flag, std::uint16_t session, const Wire& data = {}) {
    return Wire().u8(0x53).u8(flag).u16(session).u32(16 + data.bytes.size()).u64(0).add(data);
}

Wire repeated(std::size_t n, const std::function<void(Wire&, std::size_t)>& add) {
    Wire wire;
    for (std::size_t i = 0; i < n; ++i)
        add(wire, i);
    return wire;
}

Input answer(const Wire& tokens, std::size_t piece = 1448) {
    return {Direction::kToClient, packets(4, tokens), piece};
}
Input request(std::uint8_t type, const Wire& payload, std::size_t piece = 1448) {
    return {Direction::kToServer, packets(type, payload), piece};
}

Wire columns(std::size_t count) {
    Wire wire;
    wire.u8(0x81).u16(count);
    for (std::size_t i = 0; i < count; ++i)
        wire.column().u8(0x26).u8(4).u8(0);
    return wire;
}

struct Case {
    const char* name;
    std::function<Input(std::size_t)> make;
};

constexpr std::size_t kGroups = 16;

const Case kCases[] = {
    {"errors without text",
     [](std::size_t n) {
         return answer(repeated(n, [](Wire& w, std::size_t) { w.u8(0xaa).u16(1).u8(0); }));
     }},
    {"dones",
     [](std::size_t n) { return answer(repeated(n, [](Wire& w, std::size_t) { w.done(1); })); }},
    {"features",
     [](std::size_t n) {
         return answer(
             Wire().u8(0xae).add(repeated(n, [](Wire& w, std::size_t) { w.u8(4).u32(1).u8(1); })));
     }},
    {"session states",
     [](std::size_t n) {
         const Wire states = repeated(n, [](Wire& w, std::size_t) { w.u8(1).u8(2).u16(0); });
         return answer(Wire().u8(0xe4).u32(5 + states.bytes.size()).zeros(5).add(states));
     }},
    {"places of federation that overlap",
     [](std::size_t n) {
         return answer(repeated(n / 64, [](Wire& w, std::size_t) {
             w.u8(0xee).u32(4 + 9 * 400).u32(400);
             for (std::uint64_t i = 0; i < 400; ++i)
                 w.u8(1 + i % 2).u32(3600).u32(0);
         }));
     }},
    {"names of tables",
     [](std::size_t n) {
         return answer(
             repeated(n / 64, [](Wire& w, std::size_t) { w.u8(0xa4).u16(4000).fill(4000, 0); }));
     }},
    {"descriptions of many columns, one after the other",
     [](std::size_t n) {
         return answer(repeated(n / 64, [](Wire& w, std::size_t) { w.add(columns(1000)); }));
     }},
    {"rows of nulls",
     [](std::size_t n) {
         return answer(columns(4000).add(
             repeated(n / 16, [](Wire& w, std::size_t) { w.u8(0xd2).fill(500, 0xff); })));
     }},
    {"rows and null rows by turns",
     [](std::size_t n) {
         return answer(columns(512).add(repeated(
             n / 16, [](Wire& w, std::size_t) { w.u8(0xd2).fill(64, 0xff).u8(0xd1).zeros(512); })));
     }},
    {"groups of COMPUTE",
     [](std::size_t n) {
         Wire tokens = columns(1);
         for (std::size_t i = 0; i < kGroups; ++i)
             tokens.u8(0x88).u16(1).u16(i).u8(0).u8(0x4d).u16(0).column().u8(0x26).u8(4).u8(0);
         return answer(tokens.add(
             repeated(n, [](Wire& w, std::size_t i) { w.u8(0xd3).u16(i % kGroups).u8(0); })));
     }},
    {"a value in chunks of one byte",
     [](std::size_t n) {
         return answer(Wire()
                           .u8(0x81)
                           .u16(1)
                           .column()
                           .nvarchar_type(0xffff)
                           .u8(0)
                           .u8(0xd1)
                           .u64(~std::uint64_t{1})
                           .add(repeated(n, [](Wire& w, std::size_t) { w.u32(1).u8('x'); })));
     }},
    {"a value that comes byte by byte",
     [](std::size_t n) {
         return answer(Wire()
                           .u8(0x81)
                           .u16(1)
                           .column()
                           .nvarchar_type(0xffff)
                           .u8(0)
                           .u8(0xd1)
                           .u64(~std::uint64_t{1})
                           .u32(n)
                           .fill(n, 'x'),
                       1);
     }},
    {"return values",
     [](std::size_t n) {
         return answer(repeated(n, [](Wire& w, std::size_t) {
             w.u8(0xac).u16(0).u8(0).u8(1).u32(0).u16(0).u8(0x26).u8(4).u8(4).u32(1);
         }));
     }},
    {"tiny packets",
     [](std::size_t n) {
         return Input{Direction::kToServer,
                      packets(1, Wire().headers().add(Wire().fill(n, 'x')), 9)};
     }},
    {"tiny packets, byte by byte",
     [](std::size_t n) {
         return Input{Direction::kToServer,
                      packets(1, Wire().headers().add(Wire().fill(n, 'x')), 9), 1};
     }},
    {"empty messages",
     [](std::size_t n) {
         return Input{Direction::kToServer,
                      repeated(n, [](Wire& w, std::size_t) { w.add(packets(6, {})); })};
     }},
    {"as many headers of a request as there may be, byte by byte",
     [](std::size_t n) {
         Wire headers;
         headers.u32(4 + 150 * 26);
         for (int i = 0; i < 150; ++i)
             headers.u32(26).u16(3).zeros(20);
         return Input{Direction::kToServer,
                      repeated(n / 256, [&](Wire& w, std::size_t) { w.add(packets(1, headers)); }),
                      1};
     }},
    {"calls",
     [](std::size_t n) {
         return request(3, Wire().headers().add(repeated(
                               n, [](Wire& w, std::size_t) { w.u16(0).u16(0).u8(0xff); })));
     }},
    {"calls that prepare",
     [](std::size_t n) {
         return request(3, Wire().headers().add(repeated(n, [](Wire& w, std::size_t) {
             w.u16(0xffff).u16(11).u16(0).u8(0).u8(1).u8(0x26).u8(4).u8(0);
             w.u8(0).u8(0).nvarchar_type().nvarchar("").u8(0).u8(0).nvarchar_type().nvarchar("x");
             w.u8(0xff);
         })));
     }},
    {"executions of unknown handles",
     [](std::size_t n) {
         return request(3, Wire().headers().add(repeated(n, [](Wire& w, std::size_t i) {
             w.u16(0xffff).u16(12).u16(0).u8(0).u8(0).u8(0x26).u8(4).u8(4).u32(i).u8(0xff);
         })));
     }},
    {"parameters",
     [](std::size_t n) {
         return request(3, Wire().headers().u16(0).u16(0).add(
                               repeated(n, [](Wire& w, std::size_t) { w.u8(0).u8(0).u8(0x1f); })));
     }},
    {"rows of a table without columns",
     [](std::size_t n) {
         Wire rpc;
         rpc.headers().us_varchar("p").u16(0).u8(0).u8(0).u8(0xf3).zeros(3).u16(1000);
         for (int i = 0; i < 1000; ++i)
             rpc.u32(0).u16(0x200).u8(0x26).u8(4).u8(0);
         return request(3, rpc.u8(0).fill(n, 1));
     }},
    {"orders of a table's columns, again and again",
     [](std::size_t n) {
         Wire rpc;
         rpc.headers().us_varchar("p").u16(0).u8(0).u8(0).u8(0xf3).zeros(3).u16(100);
         for (int i = 0; i < 100; ++i)
             rpc.u32(0).u16(0).u8(0x26).u8(4).u8(0);
         for (std::size_t i = 0; i < n / 64; ++i) {
             rpc.u8(0x11).u16(100);
             for (std::uint16_t column = 100; column > 0; --column)
                 rpc.u16(column);
         }
         return request(3, rpc);
     }},
    {"conversations that begin and end",
     [](std::size_t n) {
         return Input{Direction::kToServer, repeated(n, [](Wire& w, std::size_t i) {
                          const auto session = static_cast<std::uint16_t>(i);
                          w.add(smp(1, session)).add(smp(4, session));
                      })};
     }},
    {"packets of more conversations than are kept",
     [](std::size_t n) {
         return Input{Direction::kToServer, repeated(n, [](Wire& w, std::size_t i) {
                          const auto session = static_cast<std::uint16_t>(i * 7);
                          w.add(smp(8, session, batch("x")));
                      })};
     }},
    {"what looks like headers, mid-stream",
     [](std::size_t n) {
         return Input{Direction::kToClient,
                      repeated(n,
                               [](Wire& w, std::size_t i) {
                                   w.u8(4).u8(1).u16be(9 + i % 3).u16be(0).u8(1).u8(0);
                               }),
                      1448, true};
     }},
    {"the first byte of a header, and nothing of it",
     [](std::size_t n) {
         return Input{Direction::kToServer, Wire().fill(n, 1), 1, true};
     }},
    {"PRELOGIN options",
     [](std::size_t n) {
         return Input{Direction::kToServer, repeated(n / 16, [](Wire& w, std::size_t) {
                          Wire options;
                          for (int i = 0; i < 60; ++i)
                              options.u8(0).u16be(0).u16be(0);
                          w.add(packets(18, options.u8(0xff)));
                      })};
     }},
};

struct Measured {
    std::uint64_t steps;
    std::size_t bytes;
};

Measured measure(const Input& input) {
    SessionPool pool({.buffers = 128});
    Handler nobody;
    Session session(pool, input.midstream);
    // The session is told of the version, so that nothing is guessed.
    const Wire login = packets(16, login_body());
    if (!input.midstream) session.feed(Direction::kToServer, login.bytes, nobody);
    steps = 0;
    for (Bytes rest = input.wire.bytes; !rest.empty();) {
        const std::size_t size = std::min(rest.size(), input.piece);
        session.feed(input.direction, rest.first(size), nobody);
        rest = rest.subspan(size);
    }
    session.finish(nobody);
    return {steps, input.wire.bytes.size()};
}

void expect_linear(const char* name, const Measured (&at)[3]) {
    ASSERT_GT(at[0].steps, 100U) << name << ": the room was not compiled to count";
    const auto per_byte = [](const Measured& from, const Measured& to) {
        return static_cast<double>(to.steps - from.steps) /
               static_cast<double>(to.bytes - from.bytes);
    };
    const double first = per_byte(at[0], at[1]);
    const double second = per_byte(at[1], at[2]);
    std::printf("%-62s %8.2f steps a byte, twice the size %8.2f\n", name, first, second);
    EXPECT_LT(second, 1.15 * first + 0.1) << name;
    EXPECT_GT(first, 1) << name << " is not read: it tests nothing";
    EXPECT_LT(first, 2500) << name;  // sanitizers take steps of their own
}

TEST(Steps, WorkIsLinearInHostileInput) {
    for (const Case& test : kCases) {
        constexpr std::size_t kSize = 4096;
        const Measured at[3] = {measure(test.make(kSize)), measure(test.make(2 * kSize)),
                                measure(test.make(4 * kSize))};
        expect_linear(test.name, at);
    }
}

TEST(Steps, SsrpIsLinear) {
    for (const char* field : {";", "tcp;1;", "ServerName;A;;", "x;y;"}) {
        Measured at[3];
        for (std::size_t i = 0; i < 3; ++i) {
            std::string list = "ServerName;A;";
            while (list.size() < (std::size_t{8192} << i))
                list += field;
            const Wire datagram = Wire().u8(5).u16(list.size()).raw(list);
            steps = 0;
            Ssrp ssrp = read_ssrp_answer(datagram.bytes);
            SsrpInstance instance;
            while (next_instance(ssrp.instances, instance)) {
            }
            at[i] = {steps, datagram.bytes.size()};
        }
        expect_linear(field, at);
    }
}

}  // namespace
}  // namespace querytap::tds::test
