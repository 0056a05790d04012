#include <gtest/gtest.h>
#include <querytap/signature/scanner.h>
TEST(Scanner, Smoke) {
    using namespace querytap::signature;
    auto rules = RuleSet::parse("alert tds any any -> any any (msg:\"x\"; tds.sql; content:\"abc\"; content:\"d\"; distance:1; within:3; sid:1;)", "t");
    ASSERT_TRUE(rules.ok()) << rules.error().to_string();
    ScannerCounters c;
    auto s = Scanner::create(rules.value(), {}, c);
    ASSERT_TRUE(s.ok());
    struct S : HitSink { int n = 0; std::string e; void on_hit(const Hit& h) override { ++n; e = h.excerpt; } } sink;
    auto t = s.value()->open({});
    s.value()->stream(t, Buffer::kTdsSql, "xxab", false);
    s.value()->stream(t, Buffer::kTdsSql, "c_", false);
    s.value()->stream(t, Buffer::kTdsSql, "_dxx", false);
    s.value()->close(t, sink);
    EXPECT_EQ(sink.n, 1);
    EXPECT_EQ(sink.e, "xxabc__d");
}
