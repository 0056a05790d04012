#include "variables.h"

#include <algorithm>
#include <cstring>
#include <xxhash.h>

#include <querytap/sql/normaliser.h>

#include "chars.h"
#include "squeeze.h"

namespace querytap::sql {

std::uint64_t Variables::hash(std::string_view name) noexcept {
    return XXH3_64bits(name.data(), name.size()) | 1;  // 0 means free
}

std::uint64_t ExecutedNames::hash(std::string_view name) noexcept {
    std::array<char, 128> lowered;  // no name is longer
    const std::size_t size = std::min(name.size(), lowered.size());
    std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size), lowered.begin(),
                   lower);
    return Variables::hash({lowered.data(), size});
}

void ExecutedNames::add(std::uint64_t hash) noexcept {
    if (count_ < hashes_.size() && !contains(hash)) hashes_[count_++] = hash;
}

bool ExecutedNames::contains(std::uint64_t hash) const noexcept {
    const auto end = hashes_.begin() + count_;
    return std::find(hashes_.begin(), end, hash) != end;
}

Variables::Variable* Variables::place_of(std::uint64_t name) noexcept {
    for (Variable& variable : variables_) {
        if (variable.name == name) return &variable;
    }
    return nullptr;
}

const Variables::Variable* Variables::find(std::uint64_t name) const noexcept {
    return const_cast<Variables*>(this)->place_of(name);
}

/// Where all places are taken one is freed, round and round: a text that declares many is no reason
/// to lose the one that it executes.
Variables::Place Variables::find_or_add(std::uint64_t name) noexcept {
    if (Variable* const known = place_of(name); known != nullptr) return {*known, true};
    if (Variable* const free = place_of(0); free != nullptr) {
        free->name = name;
        return {*free, true};
    }
    Variable& victim = variables_[next_victim_];
    next_victim_ = static_cast<std::uint8_t>((next_victim_ + 1u) % kCount);
    release(victim);
    victim.name = name;
    victim.type = Reading::kUnknown;
    return {victim, false};
}

bool Variables::declare(std::uint64_t name, Reading type) noexcept {
    // A number or a date executes nothing: it takes no place from a text.
    if (type == Reading::kOther && place_of(name) == nullptr) return true;
    const Place place = find_or_add(name);
    place.variable.type = type;
    return place.free;
}

/// Takes the variable's bytes out of the arena; what stands behind, the value too, moves down.
void Variables::release(Variable& variable) noexcept {
    variable.known = false;
    if (variable.size == 0) return;
    const std::uint16_t from = static_cast<std::uint16_t>(variable.at + variable.size);
    std::memmove(arena_.data() + variable.at, arena_.data() + from,
                 static_cast<std::size_t>(end_ + value_size_ - from));
    for (Variable& other : variables_) {
        if (other.at >= from) other.at = static_cast<std::uint16_t>(other.at - variable.size);
    }
    end_ = static_cast<std::uint16_t>(end_ - variable.size);
    variable.size = 0;
}

bool Variables::assign(std::uint64_t name) noexcept {
    const Place place = find_or_add(name);
    Variable& variable = place.variable;
    release(variable);
    variable.at = end_;
    variable.size = value_size_;
    variable.known = true;
    end_ = static_cast<std::uint16_t>(end_ + value_size_);
    value_size_ = 0;
    return place.free;
}

void Variables::forget(std::uint64_t name) noexcept {
    if (Variable* const variable = place_of(name); variable != nullptr) release(*variable);
}

std::size_t Variables::room() const noexcept {
    return std::min(kValueMax - value_size_, kArenaSize - end_ - std::size_t{value_size_});
}

bool Variables::begin_value() noexcept {
    constexpr std::size_t kRoomMin = 1024;
    value_size_ = 0;
    digits_at_ = kNoDigits;
    cut_ = false;
    bool all_kept = true;
    while (room() < kRoomMin) {
        Variable* oldest = nullptr;
        for (Variable& variable : variables_) {
            const bool older = oldest == nullptr || variable.at < oldest->at;
            if (variable.size > 0 && older) oldest = &variable;
        }
        release(*oldest);  // without room something is there
        all_kept = false;
    }
    return all_kept;
}

bool Variables::append(std::string_view text, std::uint64_t& steps) noexcept {
    if (cut_) return true;
    while (text.size() > room()) {
        const std::size_t part = room();
        take(text.substr(0, part));
        text.remove_prefix(part);
        steps += value_size_;
        if (squeeze_value()) continue;
        cut_ = true;
        value_size_ = static_cast<std::uint16_t>(complete_characters(value()).size());
        return false;
    }
    take(text);
    return true;
}

/// False where so little is gained that to do it each time would not be linear work.
bool Variables::squeeze_value() noexcept {
    char* const value = arena_.data() + end_;
    const std::size_t text_size = std::min(value_size_, digits_at_);
    const std::size_t squeezed = squeeze(value, text_size);
    const std::size_t digits = value_size_ - text_size;
    std::memmove(value + squeezed, value + text_size, digits);
    const bool worthwhile = squeezed + digits <= value_size_ / 4u * 3;
    value_size_ = static_cast<std::uint16_t>(squeezed + digits);
    if (digits_at_ != kNoDigits) digits_at_ = static_cast<std::uint16_t>(squeezed);
    return worthwhile;
}

std::string_view Variables::take_digits() noexcept {
    const std::string_view digits = value().substr(digits_at_);
    value_size_ = digits_at_;
    digits_at_ = kNoDigits;
    cut_ = false;
    return digits;
}

void Variables::take(std::string_view text) noexcept {
    // memmove: a variable's value may be appended to itself.
    if (!text.empty()) std::memmove(arena_.data() + end_ + value_size_, text.data(), text.size());
    value_size_ = static_cast<std::uint16_t>(value_size_ + text.size());
}

}  // namespace querytap::sql
