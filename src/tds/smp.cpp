#include "smp.h"

#include <new>

namespace querytap::tds {
namespace {

static_assert(sizeof(Conversation) <= SessionPool::kBufferSize);

// A DATA packet carries a TDS packet, or a few.
constexpr std::uint32_t kDataMax = 1U << 20;

// Clients use a handful; each costs a borrowed buffer, and a look when a packet comes.
constexpr std::uint16_t kConversationsMax = 64;

}  // namespace

SmpHeader read_smp_header(Bytes bytes) noexcept {
    Reader reader(bytes);
    SmpHeader header;
    const std::uint8_t mark = reader.u8();
    header.flag = static_cast<SmpFlag>(reader.u8());
    header.session = reader.u16le();
    header.size = reader.u32le();
    switch (header.flag) {
        case SmpFlag::kSyn:
        case SmpFlag::kAck:
        case SmpFlag::kFin:
            header.good = header.size == kSmpHeaderSize;
            break;
        case SmpFlag::kData:
            header.good = header.size >= kSmpHeaderSize && header.size <= kDataMax;
            break;
    }
    header.good = header.good && reader.ok() && mark == kSmpByte;
    return header;
}

Conversation::Conversation(std::uint16_t session) noexcept
    : session_(session),
      exchange_(session),
      request_(Direction::kToServer, session, exchange_),
      response_(Direction::kToClient, session, exchange_) {}

void Conversation::begin_data(Direction direction) noexcept {
    side(direction).lost = false;
}

void Conversation::data(Direction direction, Bytes bytes, const Scope& scope) {
    Side& at = side(direction);
    while (!bytes.empty() && !at.lost) {
        const std::size_t used =
            at.lane.packet_left() > 0 ? at.lane.payload(bytes, scope) : header(at, bytes, scope);
        bytes = bytes.subspan(used);
    }
}

std::size_t Conversation::header(Side& at, Bytes bytes, const Scope& scope) {
    const std::size_t size = std::min(bytes.size(), kHeaderSize - at.held_size);
    std::copy_n(bytes.begin(), size, at.held.begin() + at.held_size);
    at.held_size = static_cast<std::uint8_t>(at.held_size + size);
    if (at.held_size < kHeaderSize) return size;
    at.held_size = 0;
    const PacketHeader header = read_packet_header(at.held);
    const Direction direction = &at == &request_ ? Direction::kToServer : Direction::kToClient;
    if (judge(header, at.searching) != HeaderVerdict::kGood) {
        if (!at.searching) scope.handler.on_anomaly(direction, Anomaly::kBadHeader);
        at.lane.abort(scope);
        at.lost = true;
        at.searching = true;
        return size;
    }
    const bool later = at.searching && header.packet_id > 1;
    at.lane.begin_packet(header, at.held, later, scope);
    at.searching = false;
    return size;
}

void Conversation::lose(Direction direction, const Scope& scope) {
    Side& at = side(direction);
    at.lane.abort(scope);
    at.held_size = 0;
    at.lost = true;
    at.searching = true;
}

void Conversation::abort(const Scope& scope) {
    request_.lane.abort(scope);
    response_.lane.abort(scope);
}

Multiplexer::~Multiplexer() {
    while (first_ != nullptr)
        remove(first_);
}

void Multiplexer::packet(const SmpHeader& header, Direction direction, const Scope& scope) {
    Conversation* conversation = find(header.session);
    switch (header.flag) {
        case SmpFlag::kSyn:
            // A number is used again only after its conversation ended. One that is open began
            // with the server's answer, which the other side of a tap may bring first.
            if (conversation != nullptr && conversation->finished()) {
                conversation->abort(scope);
                remove(conversation);
                conversation = nullptr;
            }
            if (conversation == nullptr) add(header.session, direction, scope);
            break;
        case SmpFlag::kFin:
            if (conversation == nullptr) break;
            conversation->fin[index(direction)] = true;
            if (conversation->fin[index(other(direction))]) {
                conversation->abort(scope);
                remove(conversation);
            }
            break;
        case SmpFlag::kAck:
            break;
        case SmpFlag::kData:
            if (conversation == nullptr) conversation = add(header.session, direction, scope);
            if (conversation != nullptr) conversation->begin_data(direction);
            break;
    }
}

void Multiplexer::lose(Direction direction, const Scope& scope) {
    for (Conversation* at = first_; at != nullptr; at = at->next)
        at->lose(direction, scope);
}

void Multiplexer::abort(const Scope& scope) {
    for (Conversation* at = first_; at != nullptr; at = at->next)
        at->abort(scope);
}

Conversation* Multiplexer::find(std::uint16_t session) noexcept {
    Conversation* at = first_;
    while (at != nullptr && at->session() != session)
        at = at->next;
    return at;
}

Conversation* Multiplexer::add(std::uint16_t session, Direction direction, const Scope& scope) {
    pool_ = &scope.pool;
    if (count_ == kConversationsMax) evict_finished(scope);
    std::uint8_t* const block = count_ < kConversationsMax ? scope.pool.take() : nullptr;
    if (block == nullptr) {
        if (!limit_reported_) scope.handler.on_anomaly(direction, Anomaly::kLimit);
        limit_reported_ = true;
        return nullptr;
    }
    auto* const conversation = new (block) Conversation(session);
    conversation->next = first_;
    first_ = conversation;
    ++count_;
    return conversation;
}

/// A tap that sees one direction sees one FIN only.
void Multiplexer::evict_finished(const Scope& scope) {
    for (Conversation* at = first_; at != nullptr; at = at->next) {
        if (!at->finished()) continue;
        at->abort(scope);
        remove(at);
        return;
    }
}

void Multiplexer::remove(Conversation* conversation) noexcept {
    Conversation** link = &first_;
    while (*link != conversation)
        link = &(*link)->next;
    *link = conversation->next;
    conversation->~Conversation();
    pool_->give(reinterpret_cast<std::uint8_t*>(conversation));
    --count_;
}

}  // namespace querytap::tds
