#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

#include <querytap/tls/key_log.h>

namespace querytap::tls {
namespace {

/// A word of a line, and its column.
struct Word {
    std::string_view text;
    int column = 1;
};

std::vector<Word> words_of(std::string_view line) {
    std::vector<Word> words;
    std::size_t at = 0;
    while (at < line.size()) {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        if (end > at) words.push_back({line.substr(at, end - at), static_cast<int>(at) + 1});
        at = end + 1;
    }
    return words;
}

std::optional<std::uint8_t> nibble(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    return std::nullopt;
}

Result<std::vector<std::uint8_t>> bytes_of(const Word& word) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < word.text.size(); i += 2) {
        const auto high = nibble(word.text[i]);
        const auto low = i + 1 < word.text.size() ? nibble(word.text[i + 1]) : std::nullopt;
        if (!high || !low) {
            return Error{.message = i + 1 < word.text.size()
                                        ? "'" + std::string(word.text.substr(i, 2)) +
                                              "' is not a byte in hexadecimal"
                                        : "an odd number of hexadecimal digits",
                         .column = word.column + static_cast<int>(i)};
        }
        bytes.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
    }
    return bytes;
}

/// Where a label's secret goes; nullptr when it is of no use here.
KeyLog::Secret* place_of(std::string_view label, KeyLog::Secrets& secrets) {
    if (label == "CLIENT_RANDOM") return &secrets.master;
    if (label == "CLIENT_HANDSHAKE_TRAFFIC_SECRET") return &secrets.handshake[0];
    if (label == "SERVER_HANDSHAKE_TRAFFIC_SECRET") return &secrets.handshake[1];
    if (label == "CLIENT_TRAFFIC_SECRET_0") return &secrets.traffic[0];
    if (label == "SERVER_TRAFFIC_SECRET_0") return &secrets.traffic[1];
    return nullptr;
}

bool is_label(std::string_view word) {
    return std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

/// TLS 1.2 has master secrets of 48 bytes, TLS 1.3 secrets as long as the hash.
bool is_sized(std::string_view label, std::size_t size) {
    return size == 48 || (size == 32 && label != "CLIENT_RANDOM");
}

}  // namespace

Result<KeyLog> KeyLog::load(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) return Error{.message = "cannot be read", .file = file.string()};
    return read(in, file.string());
}

Result<KeyLog> KeyLog::read(std::istream& in, const std::string& name) {
    KeyLog log;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        const auto refuse = [&](std::string message, int column) {
            return Error{.message = std::move(message),
                         .hint = "write LABEL, client random and secret, as SSLKEYLOGFILE has them",
                         .file = name,
                         .line = number,
                         .column = column};
        };
        if (!line.empty() && line.back() == '\r') line.pop_back();
        const std::vector<Word> words = words_of(line);
        if (words.empty() || words[0].text.front() == '#') continue;
        if (!is_label(words[0].text)) return refuse("this is no label", words[0].column);
        if (words.size() != 3) {
            return refuse("a line has three words, this one has " + std::to_string(words.size()),
                          words.back().column);
        }
        Secrets unused;
        if (place_of(words[0].text, unused) == nullptr) continue;
        const auto random = bytes_of(words[1]);
        if (!random.ok()) return refuse(random.error().message, random.error().column);
        const auto secret = bytes_of(words[2]);
        if (!secret.ok()) return refuse(secret.error().message, secret.error().column);
        Random key{};
        if (random->size() != key.size()) {
            return refuse(
                "a client random has 32 bytes, this one has " + std::to_string(random->size()),
                words[1].column);
        }
        if (!is_sized(words[0].text, secret->size())) {
            return refuse("no secret of " + std::string(words[0].text) + " has " +
                              std::to_string(secret->size()) + " bytes",
                          words[2].column);
        }
        std::copy(random->begin(), random->end(), key.begin());
        *place_of(words[0].text, log.sessions_[key]) = *secret;
    }
    if (in.bad()) return Error{.message = "cannot be read", .file = name};
    return log;
}

const KeyLog::Secrets* KeyLog::find(const Random& random) const noexcept {
    const auto found = sessions_.find(random);
    return found != sessions_.end() ? &found->second : nullptr;
}

}  // namespace querytap::tls
