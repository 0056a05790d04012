// Certificates as OpenSSL makes and reads them: both readers must say the same.
#include <ctime>
#include <functional>
#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <gtest/gtest.h>

#include "wire.h"

namespace querytap::tls::test {
namespace {

using Der = std::vector<std::uint8_t>;

struct Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_NAME* name) const { X509_NAME_free(name); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

struct Attribute {
    const char* type;
    int string_type;  ///< V_ASN1_...
    std::string value;
    bool same_set = false;  ///< in one RDN with the attribute before it
};

struct Description {
    const char* name;
    bool rsa = false;
    std::vector<Attribute> subject{};
    std::vector<Attribute> issuer{};  ///< empty: self-signed
    const char* not_before = "20260102030405Z";
    const char* not_after = "20270102030405Z";
    int version = 2;  ///< as encoded: 2 is X.509 v3
};

std::string ucs2(std::string_view ascii) {
    std::string wide;
    for (const char c : ascii)
        wide.append(1, '\0').append(1, c);
    return wide;
}

const Description kDescriptions[] = {
    {"SQL Server's own", true, {{"CN", V_ASN1_BMPSTRING, ucs2("SSL_Self_Signed_Fallback")}}},
    {"the same in UTF-8", true, {{"CN", V_ASN1_UTF8STRING, "SSL_Self_Signed_Fallback"}}},
    {"elliptic curve, issued",
     false,
     {{"C", V_ASN1_PRINTABLESTRING, "US"},
      {"ST", V_ASN1_UTF8STRING, "Washington"},
      {"L", V_ASN1_UTF8STRING, "Redmond"},
      {"O", V_ASN1_UTF8STRING, "Contoso, Ltd."},
      {"OU", V_ASN1_T61STRING, "D\xe9partement"},
      {"CN", V_ASN1_UTF8STRING, "db01.contoso.com"}},
     {{"DC", V_ASN1_IA5STRING, "com"},
      {"DC", V_ASN1_IA5STRING, "contoso"},
      {"CN", V_ASN1_PRINTABLESTRING, "Contoso Issuing CA 1"}}},
    {"several values in one set",
     false,
     {{"O", V_ASN1_UTF8STRING, "Contoso"},
      {"CN", V_ASN1_UTF8STRING, "a"},
      {"UID", V_ASN1_UTF8STRING, "b", true}}},
    {"characters of many bytes",
     false,
     {{"CN", V_ASN1_UTF8STRING, "\xd0\xa1\xd0\xa3\xd0\x91\xd0\x94 \xe6\x95\xb0\xe6\x8d\xae"},
      {"O", V_ASN1_BMPSTRING, std::string("\x04\x11\x04\x14\x65\x70", 6)},
      {"OU", V_ASN1_UNIVERSALSTRING, std::string("\x00\x01\xf6\x00\x00\x00\x00\x41", 8)}}},
    {"attributes that are seldom",
     false,
     {{"emailAddress", V_ASN1_IA5STRING, "dba@contoso.com"},
      {"serialNumber", V_ASN1_PRINTABLESTRING, "4711"},
      {"title", V_ASN1_UTF8STRING, "DBA"},
      {"1.3.6.1.4.1.99999.1", V_ASN1_PRINTABLESTRING, "US"},
      {"2.999.123456", V_ASN1_UTF8STRING, "x"}}},
    {"years beyond UTCTime",
     false,
     {{"CN", V_ASN1_UTF8STRING, "old"}},
     {},
     "19700101000000Z",
     "99991231235959Z"},
    {"the last of UTCTime",
     false,
     {{"CN", V_ASN1_UTF8STRING, "old"}},
     {},
     "19500101000000Z",
     "20491231235959Z"},
    {"before the epoch, leap day",
     false,
     {{"CN", V_ASN1_UTF8STRING, "old"}},
     {},
     "19640229120000Z",
     "20500101000000Z"},
    {"X.509 v1",
     false,
     {{"CN", V_ASN1_UTF8STRING, "v1"}},
     {},
     "20260102030405Z",
     "20270102030405Z",
     0},
    {"empty subject", false, {}, {{"CN", V_ASN1_UTF8STRING, "Contoso CA"}}},
};

Owned<X509_NAME> make_name(const std::vector<Attribute>& attributes) {
    Owned<X509_NAME> name(X509_NAME_new());
    for (const Attribute& attribute : attributes) {
        ASN1_OBJECT* const type = OBJ_txt2obj(attribute.type, 0);
        EXPECT_EQ(X509_NAME_add_entry_by_OBJ(
                      name.get(), type, attribute.string_type,
                      reinterpret_cast<const unsigned char*>(attribute.value.data()),
                      static_cast<int>(attribute.value.size()), -1, attribute.same_set ? -1 : 0),
                  1)
            << attribute.type;
        ASN1_OBJECT_free(type);
    }
    return name;
}

const Owned<EVP_PKEY>& key(bool rsa) {
    static const Owned<EVP_PKEY> rsa_key(EVP_RSA_gen(2048));
    static const Owned<EVP_PKEY> ec_key(EVP_EC_gen("P-256"));
    return rsa ? rsa_key : ec_key;
}

Der make_certificate(const Description& description) {
    const Owned<X509> certificate(X509_new());
    X509_set_version(certificate.get(), description.version);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 0x4711);
    X509_set_subject_name(certificate.get(), make_name(description.subject).get());
    const auto& issuer = description.issuer.empty() ? description.subject : description.issuer;
    X509_set_issuer_name(certificate.get(), make_name(issuer).get());
    ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), description.not_before);
    ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), description.not_after);
    X509_set_pubkey(certificate.get(), key(description.rsa).get());
    EXPECT_GT(X509_sign(certificate.get(), key(description.rsa).get(), EVP_sha256()), 0);
    unsigned char* encoded = nullptr;
    const int size = i2d_X509(certificate.get(), &encoded);
    Der der(encoded, encoded + size);
    OPENSSL_free(encoded);
    return der;
}

/// What OpenSSL says of it.
std::string printed(const X509_NAME* name) {
    const Owned<BIO> out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0,
                       ASN1_STRFLGS_UTF8_CONVERT | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::optional<std::chrono::sys_seconds> seconds_of(const ASN1_TIME* time) {
    std::tm fields{};
    if (ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
    return std::chrono::sys_seconds{std::chrono::seconds{timegm(&fields)}};
}

/// What we say of a chain that a server sends.
Certificate certificate_of(const std::vector<Der>& chain) {
    Pool pool({.handshakes = 1});
    Listener listener;
    Session session(pool);
    const Wire flight = server_hello({}).add(certificates(chain)).add(server_hello_done());
    session.feed(Side::kServer, records(22, flight).bytes, listener);
    EXPECT_EQ(listener.reports, 1);
    return listener.handshake.value_or(Handshake{}).certificate;
}

Owned<X509> parsed(const Der& der) {
    const unsigned char* at = der.data();
    return Owned<X509>(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

TEST(Certificate, ReadAsOpensslReadsIt) {
    for (const Description& description : kDescriptions) {
        const Der der = make_certificate(description);
        const Certificate ours = certificate_of({der});
        const Owned<X509> theirs = parsed(der);
        ASSERT_TRUE(theirs && ours.seen) << description.name;
        EXPECT_EQ(ours.subject.view(), printed(X509_get_subject_name(theirs.get())))
            << description.name;
        EXPECT_EQ(ours.issuer.view(), printed(X509_get_issuer_name(theirs.get())))
            << description.name;
        EXPECT_EQ(ours.not_before, seconds_of(X509_get0_notBefore(theirs.get())))
            << description.name;
        EXPECT_EQ(ours.not_after, seconds_of(X509_get0_notAfter(theirs.get()))) << description.name;
        EXPECT_EQ(ours.self_signed, description.issuer.empty()) << description.name;
        const bool fallback = ours.subject.view() == "CN=SSL_Self_Signed_Fallback";
        EXPECT_EQ(ours.sql_server_fallback, fallback) << description.name;
    }
    EXPECT_TRUE(certificate_of({make_certificate(kDescriptions[0])}).sql_server_fallback);
}

TEST(Certificate, OfALongChainTheLeafIsRead) {
    const Der leaf = make_certificate(kDescriptions[2]);
    const Der issuer = make_certificate(kDescriptions[0]);
    const std::vector<Der> long_chain(60, issuer);
    std::vector<Der> chain{leaf};
    chain.insert(chain.end(), long_chain.begin(), long_chain.end());
    ASSERT_GT(certificates(chain).size(), 40000U);
    EXPECT_EQ(certificate_of(chain).subject.view(), certificate_of({leaf}).subject.view());
    Der large = leaf;
    large.resize(60000);  // as if the certificate had a key or extensions of that size
    EXPECT_EQ(certificate_of({large}).subject.view(), certificate_of({leaf}).subject.view());
    EXPECT_FALSE(certificate_of({}).seen);
}

TEST(Certificate, NamesAreBounded) {
    std::vector<Attribute> names(50, {"OU", V_ASN1_UTF8STRING, std::string(60, 'x')});
    const Certificate long_name = certificate_of({make_certificate({"long", false, names})});
    EXPECT_TRUE(long_name.seen && long_name.self_signed);
    EXPECT_EQ(long_name.subject.view().size(), 256U);
    EXPECT_TRUE(long_name.subject.truncated());
}

/// Whatever is broken: no crash, and dates that both readers accept are the same dates.
TEST(Certificate, OneByteBroken) {
    const Der good = make_certificate(kDescriptions[2]);
    int both = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (const int change : {0x01, 0x80, 0xff}) {
            Der der = good;
            der[i] = static_cast<std::uint8_t>(der[i] ^ change);
            const Certificate ours = certificate_of({der});
            const Owned<X509> theirs = parsed(der);
            if (!ours.seen || !theirs) continue;
            ++both;
            const auto not_before = seconds_of(X509_get0_notBefore(theirs.get()));
            const auto not_after = seconds_of(X509_get0_notAfter(theirs.get()));
            EXPECT_EQ(not_before, ours.not_before) << i;
            EXPECT_EQ(not_after, ours.not_after) << i;
        }
    }
    EXPECT_GT(both, 100);
}

TEST(Certificate, CutAnywhere) {
    const Der good = make_certificate(kDescriptions[2]);
    bool seen = false;
    for (std::size_t size = 0; size < good.size(); ++size) {
        const Certificate ours =
            certificate_of({Der(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))});
        EXPECT_TRUE(ours.seen || !seen) << size;  // what is enough stays enough
        seen = ours.seen;
    }
    EXPECT_TRUE(seen);
}

TEST(Certificate, DatesThatAreNone) {
    const Der good = make_certificate(kDescriptions[1]);
    const std::string date = "260102030405Z";
    const auto at = std::search(good.begin(), good.end(), date.begin(), date.end());
    ASSERT_NE(at, good.end());
    for (const char* wrong : {"261302030405Z", "260230030405Z", "260102240405Z", "260102036005Z",
                              "260102030460Z", "2601020304+1Z", "260102030405 ", "26010203040xZ"}) {
        Der der = good;
        std::copy_n(wrong, date.size(), der.begin() + (at - good.begin()));
        EXPECT_FALSE(certificate_of({der}).seen) << wrong;
    }
}

}  // namespace
}  // namespace querytap::tls::test
