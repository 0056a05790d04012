#include "statements.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace querytap::tds {

Statements::Statements(std::size_t capacity, SessionCounters& counters)
    : sets_(std::bit_ceil(std::max(capacity / kWays, kSetsOfConnection))),
      places_(sets_ * kWays),
      texts_(sets_ * kWays),
      counters_(counters) {}

std::size_t Statements::set_of(std::uint64_t connection, std::size_t nth) const noexcept {
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // spreads neighbouring numbers
    return ((connection * kGolden >> 32) + nth) & (sets_ - 1);
}

/// Servers count handles, so that neighbours fall into different sets.
std::size_t Statements::first_place(const Key& key) const noexcept {
    const std::uint32_t mixed = key.number ^ key.number >> 16;
    return kWays * set_of(key.connection, mixed % kSetsOfConnection);
}

Statements::Place* Statements::look_up(const Key& key) noexcept {
    Place* const first = &places_[first_place(key)];
    Place* const place =
        std::find_if(first, first + kWays, [&](const Place& at) { return at.key == key; });
    if (place == first + kWays) return nullptr;
    place->used = ++calls_;
    return place;
}

Bytes Statements::bytes_of(const Place& place) noexcept {
    const auto index = static_cast<std::size_t>(&place - places_.data());
    return {texts_[index].bytes, place.size};
}

void Statements::begin(const Key& key, Encoding encoding) noexcept {
    Place* place = look_up(key);
    if (place == nullptr) {
        Place* const first = &places_[first_place(key)];
        place = std::min_element(first, first + kWays, [](const Place& a, const Place& b) {
            return a.used < b.used;  // one that is free was used never
        });
        if (place->key.kind != Kind::kNone) counters_.statements_dropped.add();
    }
    *place = {.key = key, .used = ++calls_, .size = 0, .encoding = encoding};
}

void Statements::append(const Key& key, Bytes bytes) noexcept {
    Place* const place = look_up(key);
    if (place == nullptr || bytes.empty()) return;
    const auto index = static_cast<std::size_t>(place - places_.data());
    const std::size_t size = std::min(bytes.size(), kTextMax - place->size);
    std::memcpy(texts_[index].bytes + place->size, bytes.data(), size);
    place->size = static_cast<std::uint16_t>(place->size + size);
}

void Statements::copy(const Key& from, const Key& to) noexcept {
    Text text;
    if (!find(from, text)) return;
    begin(to, text.encoding);  // the one just found is the last to give way
    append(to, text.bytes);
}

bool Statements::find(const Key& key, Text& text) noexcept {
    const Place* const place = look_up(key);
    if (place == nullptr) return false;
    text = {.bytes = bytes_of(*place), .encoding = place->encoding};
    return true;
}

void Statements::forget(const Key& key) noexcept {
    if (Place* const place = look_up(key); place != nullptr) *place = {};
}

void Statements::forget_all(std::uint64_t connection) noexcept {
    for (std::size_t nth = 0; nth < kSetsOfConnection; ++nth) {
        Place* const first = &places_[kWays * set_of(connection, nth)];
        for (Place* place = first; place != first + kWays; ++place) {
            if (place->key.connection == connection) *place = {};
        }
    }
}

}  // namespace querytap::tds
