// Every error of the parser and the compiler: exact place, exact words. '^' marks the column.
#include <algorithm>

#include <gtest/gtest.h>

#include <querytap/signature/ruleset.h>

namespace querytap::signature {
namespace {

struct Bad {
    std::string_view name;
    std::string text;  ///< with '@' where the error must point
    std::string error;
};

class Refused : public testing::TestWithParam<Bad> {};

TEST_P(Refused, SaysWhereAndWhy) {
    std::string text = GetParam().text;
    const std::size_t mark = text.find('@');
    ASSERT_NE(mark, std::string::npos);
    text.erase(mark, 1);
    const std::string before = text.substr(0, mark);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;
    const std::string expected = "a.rules:" + std::to_string(line) + ":" +
                                 std::to_string(mark - line_start + 1) + ": " +
                                 std::string(GetParam().error);
    const auto rules = RuleSet::parse(text, "a.rules");
    ASSERT_FALSE(rules.ok());
    EXPECT_EQ(rules.error().to_string(), expected);
}

std::string wrap(std::string_view options) {
    return "alert tds any any -> any any (msg:\"m\"; " + std::string(options) + " sid:1;)";
}
const std::string kShape =
    " (a rule reads: alert tds any any -> any any (msg:\"...\"; ... sid:1;))";
const std::string kAddress =
    " is no address (write any, 10.0.0.1, 10.0.0.0/8, 2001:db8::/32, $NAME or a list "
    "[10.0.0.0/8,!10.1.0.0/16])";
const std::string kPort =
    " is no port (write any, 1433, 1024:2048, 49152:, $NAME or a list [1433,2433:2440,!2435])";

const Bad kHeader[] = {
    {"Action", "@drop tds any any -> any any (msg:\"m\"; sid:1;)",
     "unknown action 'drop' (write alert or pass; a passive tap cannot drop or reject)"},
    {"Protocol", "alert @http any any -> any any (msg:\"m\"; sid:1;)",
     "unknown protocol 'http' (write tds, tcp, udp or ip)"},
    {"Address", "alert tds @10.0.0 any -> any any (msg:\"m\"; sid:1;)", "'10.0.0'" + kAddress},
    {"Prefix", "alert tds any any -> @10.0.0.0/33 any (msg:\"m\"; sid:1;)",
     "'10.0.0.0/33'" + kAddress},
    {"AddressInList", "alert tds [10.0.0.1, @x] any -> any any (msg:\"m\"; sid:1;)",
     "'x'" + kAddress},
    {"Port", "alert tds any @70000 -> any any (msg:\"m\"; sid:1;)", "'70000'" + kPort},
    {"PortRange", "alert tds any any -> any @9:1 (msg:\"m\"; sid:1;)", "'9:1'" + kPort},
    {"OpenList", "alert tds any any -> any @[1,2 (msg:\"m\"; sid:1;)", "'[1,2'" + kPort},
    {"NotAny", "alert tds !@any any -> any any (msg:\"m\"; sid:1;)",
     "'!any' can never match (write any, or leave it out)"},
    {"NotVariableOfAny", "alert tds !@$HOME_NET any -> any any (msg:\"m\"; sid:1;)",
     "'!$HOME_NET' can never match (its value is any; give the variable addresses first)"},
    {"Variable", "alert tds @$WEB any -> any any (msg:\"m\"; sid:1;)",
     "unknown variable '$WEB' (known are $EXTERNAL_NET, $HOME_NET, $SQL_SERVERS)"},
    {"Nesting", "alert tds [[[[[[[[[@1.1.1.1]]]]]]]]] any -> any any (msg:\"m\"; sid:1;)",
     "lists are nested too deep (write one flat list)"},
    {"Direction", "alert tds any any @<- any any (msg:\"m\"; sid:1;)",
     "unknown direction '<-' (write -> or <>)"},
    {"PortMissing", "alert tds any any -> any @(msg:\"m\"; sid:1;)",
     "the destination port is missing" + kShape},
    {"NoOptions", "alert tds any any -> any any@", "'(' expected after the header" + kShape},
    {"SecondLine", "# c\nalert tds any any -> any any \\\n  @x (msg:\"m\"; sid:1;)",
     "'(' expected after the header" + kShape},
};

const Bad kOptions[] = {
    {"NotClosed", "alert tds any any -> any any (msg:\"m\"; sid:1;@",
     "the rule is not closed (end it with ;) or continue the line with a backslash)"},
    {"After", "alert tds any any -> any any (msg:\"m\"; sid:1;) @x",
     "text after the closing parenthesis (one rule to a line; a ) inside a value needs no escape)"},
    {"Empty", "alert tds any any -> any any (@)",
     "the rule has no options (it needs at least msg and sid)"},
    {"EmptyKeyword", "alert tds any any -> any any (msg:\"m\"; @; sid:1;)",
     "a keyword is expected here (options read keyword; or keyword:value;)"},
    {"Unended", "alert tds any any -> any any (msg:\"m\"; @sid:1)",
     "'sid' is not ended by ';' (every option ends with ;, the last one too)"},
    {"UnendedFlag", "alert tds any any -> any any (msg:\"m\"; sid:1; @nocase)",
     "'nocase' is not ended by ';' (every option ends with ;, the last one too)"},
    {"Semicolon", "alert tds any any -> any any (msg:\"a@;b\"; sid:1;)",
     "';' inside the quotes of 'msg' (write \\; or |3B| there, or close the quotes before it)"},
    {"NoQuotes", "alert tds any any -> any any (msg:@m; sid:1;)",
     "the value of 'msg' needs quotes (write msg:\"...\";)"},
    {"NoMsg", "@alert tds any any -> any any (sid:1;)",
     "the rule has no msg (add msg:\"what an analyst should read\";)"},
    {"NoSid", "\n @alert tds any any -> any any (msg:\"m\";)",
     "the rule has no sid (add sid:9100001; with a number of its own)"},
    {"TwoSids", "alert tds any any -> any any (msg:\"m\"; sid:1; @sid:2;)",
     "'sid' stands twice (keep one)"},
    {"DuplicateSid",
     "alert tds any any -> any any (msg:\"m\"; sid:1;)\nalert tds any any -> any any (msg:\"m\"; "
     "@sid:1;)",
     "duplicate sid 1 (first used at a.rules:1)"},
    {"SidZero", "alert tds any any -> any any (msg:\"m\"; sid:@0;)",
     "'sid' needs a number from 1 to 4294967295 (write sid:1;)"},
    {"Classtype", wrap("classtype:@nonsense;"),
     "unknown classtype 'nonsense' (write one of c2-channel, execution, lateral-movement, "
     "exfiltration, persistence, discovery, credential-access, tool-fingerprint, "
     "protocol-anomaly, or a class of Suricata's)"},
    {"Priority", wrap("priority:@256;"),
     "'priority' needs a number from 1 to 255 (write priority:1;)"},
    {"Reference", wrap("@reference:url;"),
     "'reference' needs a kind and a value (write reference:url,example.com/page;)"},
    {"Metadata", wrap("metadata:a b,@ c;"),
     "metadata needs a key and a value (write metadata:threat sqlc2, confidence high;)"},
    {"Technique", wrap("metadata:@mitre_technique_id 1059;"),
     "'1059' is no ATT&CK technique (write T1505 or T1505.001)"},
    {"Confidence", wrap("metadata:@confidence certain;"),
     "unknown confidence 'certain' (write high, medium or low)"},
    {"Flow", wrap("flow:established, @reassembled;"),
     "flow has no 'reassembled' (write established, not_established, stateless, to_server, "
     "to_client, from_client or from_server)"},
    {"FlowContradiction", wrap("flow:to_server,@from_server;"),
     "'from_server' contradicts what stands before it (one rule matches one direction)"},
    {"Unknown", wrap("@sql_magic;"),
     "unknown keyword 'sql_magic' (signatures/README.md lists all keywords)"},
    {"NotYet", wrap("@flowint:x,+,1;"),
     "'flowint' is not supported (use flowbits, or put all conditions into one rule: it sees one "
     "TDS message)"},
    {"Meaningless", wrap("content:\"a\"; @http_uri;"),
     "'http_uri' means nothing here (use a tds.* buffer, or payload for the raw stream)"},
    {"SizeAlone", wrap("@dsize:>10;"),
     "a size alone, without a content in the same buffer (add a content: what every such message "
     "holds)"},
    {"NoSize", wrap("content:\"abcd\"; dsize:@x;"),
     "'x' is no size (write dsize:100; dsize:>100; dsize:<100; or dsize:10<>20;)"},
    {"NoSizeBetween", wrap("content:\"abcd\"; bsize:@5<>6;"),
     "'5<>6' is no size (write bsize:100; bsize:>100; bsize:<100; or bsize:10<>20;)"},
    {"IsDataAt", wrap("content:\"abcd\"; isdataat:@x,relative;"),
     "'isdataat' needs a number from 1 to 32767 (write isdataat:100,relative;)"},
    {"IsDataAtWord", wrap("content:\"abcd\"; isdataat:5,@absolute;"),
     "isdataat has no 'absolute' (write isdataat:100,relative; or isdataat:!100,relative;)"},
    {"ByteTest", wrap("byte_test:@2,~,5,0;"),
     "this byte_test cannot be read (write byte_test:2,>,512,0,relative,little; with 1 to 8 bytes "
     "and <, >, =, <=, >= or &)"},
    {"ByteTestNever", wrap("byte_test:@1,>,255,0;"),
     "this byte_test always has the same answer (compare with a number that its bytes can hold)"},
    {"ByteTestString", wrap("byte_test:@4,>,10,0,string,dec;"),
     "byte_test with 'string' is not supported (write the digits as a pcre class, or compare plain "
     "bytes)"},
    {"LooksTwice",
     wrap("content:\"abcd\"; byte_test:1,>,1,0,relative; @byte_test:1,<,9,0,relative;"),
     "isdataat or byte_test twice from one place (write one pcre, or make one of them absolute)"},
    {"RelativeWithinALook",
     wrap("content:\"abcd\"; isdataat:10,relative; @content:\"e\"; distance:2;"),
     "relative, within the bytes that isdataat or byte_test look at (distance:10 or more, or a "
     "pcre)"},
    {"FlagsOfNoData", wrap("content:\"abcd\"; flags:@S;"),
     "no packet with data carries these flags (write flags:A+; or remove it: contents are matched "
     "in data)"},
    {"NoFlags", wrap("content:\"abcd\"; flags:@X;"),
     "'X' are no TCP flags (write flags:A+; with the letters F S R P A U E C)"},
    {"Number", wrap("tds.rows:@many;"),
     "'many' is nothing that 'tds.rows' can be compared with (write tds.rows:>1000; or "
     "tds.rows:0<>100;)"},
    {"NumberMissing", wrap("@tds.type;"),
     "'' is nothing that 'tds.type' can be compared with (write tds.type:1; or tds.type:!4;)"},
    {"NumberEmptyRange", wrap("tds.error_number:@5-6;"),
     "'5-6' is nothing that 'tds.error_number' can be compared with (write tds.error_number:15281; "
     "or "
     "tds.error_number:18450-18471;)"},
    {"NumberBelowNothing", wrap("tds.rows:@<0;"),
     "'<0' is nothing that 'tds.rows' can be compared with (write tds.rows:>1000; or "
     "tds.rows:0<>100;)"},
    {"NumberVersion", wrap("tds.version:@74;"),
     "'74' is nothing that 'tds.version' can be compared with (write tds.version:7.4; or "
     "tds.version:<7.2;)"},
    {"XbitsCommand", wrap("xbits:@sett,a,track ip_pair;"),
     "'sett' is no part of 'xbits' (write xbits:set,name,track ip_pair,expire 60; with set, unset, "
     "toggle, isset or isnotset, and track ip_pair, ip_src or ip_dst)"},
    {"XbitsTrack", wrap("xbits:set,a,@track by_src;"),
     "'track by_src' is no part of 'xbits' (write xbits:set,name,track ip_pair,expire 60; with "
     "set, "
     "unset, toggle, isset or isnotset, and track ip_pair, ip_src or ip_dst)"},
    {"XbitsExpire", wrap("xbits:set,a,track ip_src, @expire 0;"),
     "'expire 0' is no part of 'xbits' (write xbits:set,name,track ip_pair,expire 60; with set, "
     "unset, toggle, isset or isnotset, and track ip_pair, ip_src or ip_dst)"},
    {"XbitsLack", wrap("@xbits:set,a,expire 9;"),
     "'xbits' lacks a part (write xbits:set,name,track ip_pair,expire 60; with set, unset, toggle, "
     "isset or isnotset, and track ip_pair, ip_src or ip_dst)"},
    {"LowerCapital", wrap("tds.literal; to_lowercase; @content:\"Ab\";"),
     "no capital letter is left after 'to_lowercase' (write it in lower case)"},
    {"LowerCapitalPcre", wrap("tds.literal; to_lowercase; @pcre:\"/a\\x4BC/\";"),
     "no capital letter is left after 'to_lowercase' (write it in lower case)"},
    {"StripBlank", wrap("tds.literal; strip_whitespace; @content:\"a b\";"),
     "no blank is left after 'strip_whitespace' (write the content without blanks)"},
    {"StripPlace", wrap("tds.literal; strip_whitespace; @content:\"ab\"; offset:3;"),
     "places are not known after 'strip_whitespace' (only startswith and endswith can be asked "
     "for)"},
    {"StripPcre", wrap("tds.literal; strip_whitespace; @pcre:\"/ab/\";"),
     "'pcre' after 'strip_whitespace' is not supported (leave strip_whitespace out, and write \\s* "
     "where blanks may stand)"},
    {"TransformValue", wrap("tds.literal; to_lowercase:@1; content:\"a\";"),
     "'to_lowercase' takes no value (write to_lowercase;)"},
    {"ThresholdPart", wrap("threshold:type limit,@ track by_port, count 1, seconds 1;"),
     "'track by_port' is no part of 'threshold' (write threshold:type limit, track by_src, count "
     "5, seconds 60; with type limit, threshold or both and track by_src, by_dst, by_both or "
     "by_rule)"},
    {"FilterLacks", wrap("@detection_filter:track by_src, count 5;"),
     "'detection_filter' lacks a part (write detection_filter:track by_src, count 5, seconds 60; "
     "and track by_src, by_dst, by_both or by_rule)"},
    {"RateTwice",
     wrap("threshold:type limit, track by_src, count 1, seconds 1; "
          "@detection_filter:track by_src, count 1, seconds 1;"),
     "a second threshold or detection_filter (keep one)"},
    {"Flowbits", wrap("flowbits:@keep,a;"),
     "this flowbits cannot be read (write flowbits:set,name; with set, unset, toggle, isset or "
     "isnotset; or flowbits:noalert;)"},
    {"FlowbitsList", wrap("flowbits:set,@a|b;"),
     "flowbits with several names in one (write a flowbits for each; only isset takes "
     "alternatives: "
     "a|b)"},
    {"FlowbitsBoth", wrap("flowbits:isset,t.q; @flowbits:isnotset,t.q;"),
     "this bit cannot be set and not set (keep one)"},
    {"Target", wrap("@target:server;"), "target is src_ip or dest_ip (write target:dest_ip;)"},
};

const Bad kContents[] = {
    {"EmptyContent", wrap("content:\"@\";"), "empty content (give it at least one byte)"},
    {"BadHex", wrap("content:\"|4@g|\";"),
     "no hexadecimal digit between | and | (write |41 42|, or |7C| for a plain bar)"},
    {"OddHex", wrap("content:\"a@|4|\";"), "odd number of hexadecimal digits (write |0A|)"},
    {"OpenHex", wrap("content:\"a@|41\";"),
     "'|' is not closed (write |41 42|, or |7C| for a plain bar)"},
    {"BadEscape", wrap("content:\"a@\\n\";"),
     "unknown escape in content (write \\\\ for a backslash; \\\" \\; \\: or |hex| for the rest)"},
    {"QuoteInside", wrap("content:\"a@\"b\"c\";"), "'\"' inside content (write \\\" or |22|)"},
    {"TooLong", wrap("content:\"@" + std::string(2049, 'x') + "\";"),
     "content is longer than 2048 bytes (the first part of it is enough to tell it)"},
    {"NoContentBefore", wrap("tds.sql; @nocase;"),
     "'nocase' has no content before it (write content:\"...\"; nocase ... within the same "
     "buffer)"},
    {"OtherBuffer", wrap("tds.sql; content:\"a\"; tds.proc; @depth:3;"),
     "'depth' has no content before it (write content:\"...\"; depth ... within the same buffer)"},
    {"AfterPcre", wrap("pcre:\"/a/\"; @nocase;"),
     "'nocase' stands after a pcre (put it right after its content; pcre has flags: /.../i, "
     "/.../R)"},
    {"Twice", wrap("content:\"a\"; depth:1; @depth:2;"), "'depth' stands twice (keep one)"},
    {"NegativeDistance", wrap("content:\"a\"; content:\"b\"; distance:@-1;"),
     "negative distance is not supported (match both orders with one pcre)"},
    {"NotANumber", wrap("content:\"a\"; offset:@x;"),
     "'offset' needs a number from 0 to 2147483647 (write offset:0;)"},
    {"NoNumber", wrap("content:\"a\"; @offset;"),
     "'offset' needs a number from 0 to 2147483647 (write offset:0;)"},
    {"ValueForFlag", wrap("content:\"a\"; nocase:@1;"), "'nocase' takes no value (write nocase;)"},
    {"ValueForBuffer", wrap("tds.sql:@1;"), "'tds.sql' takes no value (write tds.sql;)"},
    {"DepthTooSmall", wrap("@content:\"abc\"; depth:2;"),
     "depth is smaller than the content (at least 3)"},
    {"WithinTooSmall", wrap("content:\"a\"; @content:\"abc\"; within:2;"),
     "within is smaller than the content (at least 3)"},
    {"Mixed", wrap("content:\"a\"; @content:\"b\"; distance:1; offset:3;"),
     "relative and absolute modifiers on one content (either distance and within, or offset, "
     "depth and startswith)"},
    {"StartsWithOffset", wrap("@content:\"a\"; startswith; offset:3;"),
     "startswith with offset or depth (keep startswith)"},
    {"NegatedRelative", wrap("content:\"a\"; @content:!\"b\"; distance:1;"),
     "a negated content or pcre cannot be relative (remove distance, within or R; or write one "
     "pcre with a class [^...])"},
    {"AfterNegated", wrap("content:\"x\"; content:!\"a\"; @content:\"b\"; distance:1;"),
     "relative to a negated content (move the negated content behind this one)"},
    {"AfterEnd", wrap("content:\"a\"; endswith; @content:\"b\"; distance:1;"),
     "nothing can follow an endswith (remove endswith before it)"},
    {"TooFar", wrap("content:\"a\"; @content:\"b\"; distance:40000;"),
     "distance or within is too large (at most 32767, or distance:0 without within)"},
    {"TooFarTogether", wrap("content:\"a\"; @content:\"b\"; distance:30000; within:30000;"),
     "distance or within is too large (at most 32767, or distance:0 without within)"},
    {"HeadTooFar", wrap("@content:\"a\"; offset:40000; content:\"b\"; distance:0;"),
     "offset or depth is too large where another content is relative to this one (at most 32767)"},
};

const Bad kPcre[] = {
    {"NoSlashes", wrap("pcre:\"@abc\";"),
     "a pcre stands between two slashes (write pcre:\"/pattern/i\";)"},
    {"FlagOfABuffer", wrap("pcre:\"/a/@U\";"),
     "pcre flag 'U' is not supported (write a sticky buffer before pcre)"},
    {"Flag", wrap("pcre:\"/a/i@G\";"),
     "pcre flag 'G' is not supported (flags are i, s, m, x and R)"},
    {"Lookahead", wrap("pcre:\"/a@(?=b)/\";"),
     "lookahead (?= is not supported in pcre (Hyperscan has none; use content with distance and "
     "within, or content:!\"...\" for what must not be there)"},
    {"BackReference", wrap("pcre:\"/(a)@\\1/\";"),
     "back reference \\1 is not supported in pcre (Hyperscan has none; use content with distance "
     "and within, or content:!\"...\" for what must not be there)"},
    {"Possessive", wrap("pcre:\"/a+@+b/\";"),
     "possessive quantifier is not supported in pcre (Hyperscan has none; use content with "
     "distance and within, or content:!\"...\" for what must not be there)"},
    {"Unbalanced", wrap("pcre:\"/a@)b/\";"),
     "unbalanced ')' is not supported in pcre (Hyperscan has none; use content with distance and "
     "within, or content:!\"...\" for what must not be there)"},
    {"RelativeAnchor", wrap("content:\"a\"; @pcre:\"/b(^c)/R\";"),
     "'^' inside a relative pcre (only as its first character, without m, and not before a '|')"},
    {"MatchesNothing", wrap("@pcre:\"/x*/\";"),
     "sid 1: this matches even the empty text: it would always hold (write + for *, or {1,9} for "
     "{0,9})"},
    {"Syntax", wrap("tds.sql; content:\"a\"; @pcre:\"/[b/\";"),
     "sid 1: Hyperscan cannot compile this: Unterminated character class starting at index 0. "
     "(shorten its repeats, or split it into contents)"},
    {"RepeatTooLarge", wrap("@pcre:\"/(a.{1,3000}b){3000}/s\";"),
     "sid 1: Hyperscan cannot compile this: Bounded repeat is too large. (shorten its repeats, or "
     "split "
     "it into contents)"},
};

std::string name_of(const testing::TestParamInfo<Bad>& tested) {
    return std::string(tested.param.name);
}
INSTANTIATE_TEST_SUITE_P(Header, Refused, testing::ValuesIn(kHeader), name_of);
INSTANTIATE_TEST_SUITE_P(Options, Refused, testing::ValuesIn(kOptions), name_of);
INSTANTIATE_TEST_SUITE_P(Contents, Refused, testing::ValuesIn(kContents), name_of);
INSTANTIATE_TEST_SUITE_P(Pcre, Refused, testing::ValuesIn(kPcre), name_of);

}  // namespace
}  // namespace querytap::signature
