#include "decryptor.h"

namespace querytap::tls {

std::unique_ptr<Decryptor> Decryptor::create(const KeyLog& log, const Exchange& exchange) {
    const KeyLog::Secrets* const secrets = log.find(exchange.client_random);
    const ServerHello& server = exchange.facts.server;
    const CipherSuite* const suite = find_cipher_suite(server.cipher);
    if (secrets == nullptr || suite == nullptr) return nullptr;
    const bool tls13 = server.version == kTls13;
    if (!tls13 && (server.version != kTls12 || secrets->master.empty())) return nullptr;
    std::unique_ptr<Decryptor> decryptor(new Decryptor(*suite, tls13));
    if (tls13) {
        decryptor->prepare_tls13(*secrets);
    } else {
        decryptor->prepare_tls12(*secrets, exchange);
    }
    return decryptor;
}

/// RFC 5246 6.3: one block of keys, MAC keys first, each time the client's first.
void Decryptor::prepare_tls12(const KeyLog::Secrets& secrets, const Exchange& exchange) {
    std::vector<std::uint8_t> seed(exchange.server_random.begin(), exchange.server_random.end());
    seed.insert(seed.end(), exchange.client_random.begin(), exchange.client_random.end());
    const std::size_t iv_size = suite_.protection == Protection::kGcm      ? 4
                                : suite_.protection == Protection::kChaCha ? 12
                                                                           : 0;
    const std::size_t size = 2 * (suite_.mac_size + suite_.key_size + iv_size);
    const Key block = prf(suite_.digest, secrets.master, "key expansion", seed, size);
    Bytes left{block};
    const auto take = [&](std::size_t count) {
        const Bytes part = left.first(std::min(count, left.size()));
        left = left.subspan(part.size());
        return part;
    };
    const Bytes macs[] = {take(suite_.mac_size), take(suite_.mac_size)};
    const Bytes keys[] = {take(suite_.key_size), take(suite_.key_size)};
    const Bytes ivs[] = {take(iv_size), take(iv_size)};
    for (std::size_t i = 0; i < halves_.size(); ++i) {
        halves_[i].cipher =
            RecordCipher::of_tls12(suite_, keys[i], ivs[i], macs[i], exchange.encrypt_then_mac);
    }
}

void Decryptor::prepare_tls13(const KeyLog::Secrets& secrets) {
    for (std::size_t i = 0; i < halves_.size(); ++i) {
        Half& at = halves_[i];
        at.first_traffic = secrets.traffic[i];
        at.secret = secrets.handshake[i];
        if (!at.secret.empty()) at.cipher = RecordCipher::of_tls13(suite_, at.secret);
    }
}

void Decryptor::begin_record(Side side, const std::array<std::uint8_t, kRecordHeaderSize>& header) {
    half(side).header = header;
    half(side).record.clear();
}

void Decryptor::add(Side side, Bytes part) {
    Half& at = half(side);
    if (!at.lost) at.record.insert(at.record.end(), part.begin(), part.end());
}

Decryptor::Opened Decryptor::end_record(Side side, bool ciphered) {
    Half& at = half(side);
    const std::uint8_t type = at.header[0];
    const bool encrypted =
        tls13_ ? type == kApplicationData : ciphered && type != kChangeCipherSpec;
    if (!encrypted) return {.outcome = Outcome::kClear};
    if (at.lost) return {.outcome = Outcome::kRefused};
    if (try_open(at) || (tls13_ && try_next_epoch(at))) {
        at.opened = true;
        ++at.sequence;
        if (tls13_) return opened_tls13();
        return {.outcome = Outcome::kOpened, .content_type = type, .bytes = plain_};
    }
    if (!at.opened) return {.outcome = Outcome::kRefused};
    at.lost = true;
    return {.outcome = Outcome::kLost};
}

bool Decryptor::try_open(Half& at) {
    return at.cipher && at.cipher->open(at.sequence, at.header, at.record, plain_);
}

/// After the handshake's secret the first of application data, then each from the one before it.
bool Decryptor::try_next_epoch(Half& at) {
    const bool first = !at.first_traffic.empty();
    KeyLog::Secret next =
        first ? at.first_traffic
              : expand_label(suite_.digest, at.secret, "traffic upd", at.secret.size());
    if (next.empty()) return false;
    RecordCipher cipher = RecordCipher::of_tls13(suite_, next);
    if (!cipher.open(0, at.header, at.record, plain_)) return false;
    at.cipher = std::move(cipher);
    at.secret = std::move(next);
    at.first_traffic.clear();
    at.sequence = 0;
    return true;
}

/// RFC 8446 5.4: the type stands behind the content, zeros behind the type.
Decryptor::Opened Decryptor::opened_tls13() {
    while (!plain_.empty() && plain_.back() == 0)
        plain_.pop_back();
    if (plain_.empty()) return {.outcome = Outcome::kOpened};
    const std::uint8_t type = plain_.back();
    plain_.pop_back();
    return {.outcome = Outcome::kOpened, .content_type = type, .bytes = plain_};
}

bool Decryptor::lose(Side side) noexcept {
    Half& at = half(side);
    const bool ends = !at.lost && at.opened;
    at.lost = true;
    return ends;
}

}  // namespace querytap::tls
