#include <array>
#include <openssl/evp.h>
#include <vector>

#include <querytap/flow/key.h>

namespace querytap::flow {
namespace {

void append(std::vector<std::uint8_t>& out, Bytes bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void append(std::vector<std::uint8_t>& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

std::string base64(Bytes bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // the encoder writes a terminator
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

}  // namespace

// github.com/corelight/community-id-spec: seed, lower endpoint's address, higher one's, protocol, a
// zero, lower port, higher port; all in network order. Key keeps the endpoints in that very order.
std::string community_id(const Key& key) {
    const bool v4 = key.a.address.is_v4() && key.b.address.is_v4();
    std::vector<std::uint8_t> input;
    append(input, std::uint16_t{0});  // seed
    append(input, v4 ? key.a.address.wire() : Bytes{key.a.address.bytes()});
    append(input, v4 ? key.b.address.wire() : Bytes{key.b.address.bytes()});
    input.push_back(static_cast<std::uint8_t>(key.protocol));
    input.push_back(0);
    append(input, key.a.port);
    append(input, key.b.port);

    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned int digest_size = 0;
    if (EVP_Digest(input.data(), input.size(), digest.data(), &digest_size, EVP_sha1(), nullptr) !=
        1) {
        return {};  // a library built without SHA-1: no identifier rather than a wrong one
    }
    return "1:" + base64(Bytes{digest}.first(digest_size));
}

}  // namespace querytap::flow
