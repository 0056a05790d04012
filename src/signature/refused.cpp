#include "refused.h"

#include <array>

namespace querytap::signature {
namespace {

constexpr auto kNo = Refusal::kNotSupported;
constexpr auto kNever = Refusal::kMeaningless;

constexpr std::string_view kUseTds = "use a tds.* buffer, or payload for the raw stream";
constexpr std::string_view kRemove = "remove it";
constexpr std::string_view kState =
    "use flowbits, or put all conditions into one rule: it sees one TDS message";
constexpr std::string_view kBytes = "write the bytes you expect as content or pcre classes";
constexpr std::string_view kTransform =
    "tds.sql is lower case with blanks removed already; write nocase or pcre elsewhere";
constexpr std::string_view kTls =
    "match tls.sni, tls.cert_subject, tls.cert_issuer or ja4.hash; versions are for the policy";
constexpr std::string_view kPacket = "remove it; contents are matched in reassembled messages";

constexpr std::array kRefused{
    // Could mean something here.
    RefusedKeyword{"absent", kNo, "leave the buffer out"},
    RefusedKeyword{"byte_jump", kNo, kBytes},
    RefusedKeyword{"byte_extract", kNo, kBytes},
    RefusedKeyword{"byte_math", kNo, kBytes},
    RefusedKeyword{"entropy", kNo, kRemove},
    RefusedKeyword{"flowint", kNo, kState},
    RefusedKeyword{"hostbits", kNo, kState},
    RefusedKeyword{"alert", kNo, "remove it; every alert rule alerts"},
    RefusedKeyword{"tag", kNo, "remove it; evidence is kept by the verdict"},
    RefusedKeyword{"requires", kNo, kRemove},
    RefusedKeyword{"dataset", kNo, "write one pcre with alternatives: pcre:\"/a|b|c/\""},
    RefusedKeyword{"datarep", kNo, kRemove},
    RefusedKeyword{"lua", kNo, "write content or pcre"},
    RefusedKeyword{"luajit", kNo, "write content or pcre"},
    RefusedKeyword{"to_uppercase", kNo, kTransform},
    RefusedKeyword{"header_lowercase", kNo, kTransform},
    RefusedKeyword{"compress_whitespace", kNo, kTransform},
    RefusedKeyword{"strip_pseudo_headers", kNo, kTransform},
    RefusedKeyword{"dotprefix", kNo, kTransform},
    RefusedKeyword{"domain", kNo, kTransform},
    RefusedKeyword{"tld", kNo, kTransform},
    RefusedKeyword{"url_decode", kNo, kTransform},
    RefusedKeyword{"xor", kNo, kTransform},
    RefusedKeyword{"from_base64", kNo, kTransform},
    RefusedKeyword{"base64_decode", kNo, "match what text it stands for in tds.decoded"},
    RefusedKeyword{"base64_data", kNo, "match what text it stands for in tds.decoded"},
    RefusedKeyword{"pcrexform", kNo, kTransform},
    RefusedKeyword{"luaxform", kNo, kTransform},
    RefusedKeyword{"to_md5", kNo, kTransform},
    RefusedKeyword{"to_sha1", kNo, kTransform},
    RefusedKeyword{"to_sha256", kNo, kTransform},
    RefusedKeyword{"replace", kNever, "remove it; a passive tap changes nothing"},
    RefusedKeyword{"prefilter", kNever, "remove it; every pattern is matched in one pass"},
    RefusedKeyword{"rawbytes", kNever, "remove it; payload is always raw"},
    RefusedKeyword{"flowvar", kNo, kState},
    RefusedKeyword{"pktvar", kNo, kState},
    RefusedKeyword{"ip.src", kNo, "use addresses in the header"},
    RefusedKeyword{"ip.dst", kNo, "use addresses in the header"},
    RefusedKeyword{"asn1", kNever, kUseTds},
    RefusedKeyword{"frame", kNever, kUseTds},
    RefusedKeyword{"config", kNever, kRemove},
    RefusedKeyword{"nfq_set_mark", kNever, "remove it; a passive tap marks nothing"},
    RefusedKeyword{"template2", kNever, kRemove},
    // Speaks of a packet, where we match messages.
    RefusedKeyword{"ipv4-csum", kNever, kPacket},
    RefusedKeyword{"ipv6-csum", kNever, kPacket},
    RefusedKeyword{"udpv4-csum", kNever, kPacket},
    RefusedKeyword{"udpv6-csum", kNever, kPacket},
    RefusedKeyword{"ack", kNever, kPacket},
    RefusedKeyword{"seq", kNever, kPacket},
    RefusedKeyword{"window", kNever, kPacket},
    RefusedKeyword{"tcp*", kNever, kPacket},
    RefusedKeyword{"udp.hdr", kNever, kPacket},
    RefusedKeyword{"ipv4.hdr", kNever, kPacket},
    RefusedKeyword{"ipv6.hdr", kNever, kPacket},
    RefusedKeyword{"ip_proto", kNever, "write the protocol in the rule's header"},
    RefusedKeyword{"sameip", kNever, kPacket},
    RefusedKeyword{"ttl", kNever, kPacket},
    RefusedKeyword{"tos", kNever, kPacket},
    RefusedKeyword{"id", kNever, kPacket},
    RefusedKeyword{"ipopts", kNever, kPacket},
    RefusedKeyword{"fragbits", kNever, kPacket},
    RefusedKeyword{"fragoffset", kNever, kPacket},
    RefusedKeyword{"l3_proto", kNever, kPacket},
    RefusedKeyword{"decode-event", kNever, kPacket},
    RefusedKeyword{"engine-event", kNever, kPacket},
    RefusedKeyword{"stream-event", kNever, kPacket},
    RefusedKeyword{"app-layer-event", kNever, "protocol faults are evidence of their own"},
    RefusedKeyword{"app-layer-protocol", kNever, "write tds as the rule's protocol"},
    RefusedKeyword{"stream_size", kNo, kPacket},
    RefusedKeyword{"itype", kNever, kPacket},
    RefusedKeyword{"icode", kNever, kPacket},
    RefusedKeyword{"icmp*", kNever, kPacket},
    RefusedKeyword{"flow.*", kNo, "use flow:to_server or flow:to_client"},
    RefusedKeyword{"vlan.*", kNo, "remove it; alerts carry the VLAN"},
    RefusedKeyword{"iprep", kNo, "use addresses and $VARIABLES in the header"},
    RefusedKeyword{"geoip", kNo, "use addresses and $VARIABLES in the header"},
    RefusedKeyword{"bypass", kNever, "write a pass rule"},
    // Of TLS, beside its buffers.
    RefusedKeyword{"tls.*", kNo, kTls},
    RefusedKeyword{"tls_*", kNo, kTls},
    RefusedKeyword{"ssl_*", kNo, kTls},
    RefusedKeyword{"ja3*", kNo, "match ja4.hash"},
    RefusedKeyword{"ja4*", kNo, "match ja4.hash"},
    // Of other protocols.
    RefusedKeyword{"uricontent", kNever, kUseTds},
    RefusedKeyword{"urilen", kNever, kUseTds},
    RefusedKeyword{"http*", kNever, kUseTds},
    RefusedKeyword{"file*", kNever, kUseTds},
    RefusedKeyword{"dns*", kNever, kUseTds},
    RefusedKeyword{"mdns*", kNever, kUseTds},
    RefusedKeyword{"smb*", kNever, kUseTds},
    RefusedKeyword{"dce_*", kNever, kUseTds},
    RefusedKeyword{"dcerpc*", kNever, kUseTds},
    RefusedKeyword{"ssh*", kNever, kUseTds},
    RefusedKeyword{"krb5*", kNever, kUseTds},
    RefusedKeyword{"ldap*", kNever, kUseTds},
    RefusedKeyword{"rdp*", kNever, kUseTds},
    RefusedKeyword{"rfb*", kNever, kUseTds},
    RefusedKeyword{"ftp*", kNever, kUseTds},
    RefusedKeyword{"smtp*", kNever, kUseTds},
    RefusedKeyword{"email*", kNever, kUseTds},
    RefusedKeyword{"mqtt*", kNever, kUseTds},
    RefusedKeyword{"sip*", kNever, kUseTds},
    RefusedKeyword{"snmp*", kNever, kUseTds},
    RefusedKeyword{"quic*", kNever, kUseTds},
    RefusedKeyword{"ike*", kNever, kUseTds},
    RefusedKeyword{"nfs*", kNever, kUseTds},
    RefusedKeyword{"rpc", kNever, "use tds.proc for the name of a procedure"},
    RefusedKeyword{"modbus", kNever, kUseTds},
    RefusedKeyword{"dnp3*", kNever, kUseTds},
    RefusedKeyword{"enip*", kNever, kUseTds},
    RefusedKeyword{"cip_service", kNever, kUseTds},
    RefusedKeyword{"websocket*", kNever, kUseTds},
    RefusedKeyword{"dhcp*", kNever, kUseTds},
};

constexpr bool covers(std::string_view pattern, std::string_view keyword) noexcept {
    if (!pattern.ends_with('*')) return pattern == keyword;
    pattern.remove_suffix(1);
    return keyword.starts_with(pattern);
}

}  // namespace

std::span<const RefusedKeyword> refused_keywords() noexcept {
    return kRefused;
}

const RefusedKeyword* find_refused(std::string_view keyword) noexcept {
    for (const RefusedKeyword& refused : kRefused) {
        if (covers(refused.name, keyword)) return &refused;
    }
    return nullptr;
}

}  // namespace querytap::signature
