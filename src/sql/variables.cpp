#include "variables.h"

#include <algorithm>
#include <cstring>
#include <xxhash.h>

#include "chars.h"

namespace querytap::sql {

std::uint64_t Variables::hash(std::string_view name) noexcept {
    return XXH3_64bits(name.data(), name.size()) | 1;  // 0 means free
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

Variables::Variable* Variables::find_or_add(std::uint64_t name) noexcept {
    if (Variable* const known = place_of(name); known != nullptr) return known;
    Variable* const free = place_of(0);
    if (free != nullptr) free->name = name;
    return free;
}

bool Variables::declare(std::uint64_t name, Reading type) noexcept {
    Variable* const variable = find_or_add(name);
    if (variable == nullptr) return false;
    variable->type = type;
    return true;
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
    Variable* const variable = find_or_add(name);
    if (variable == nullptr) return false;
    release(*variable);
    variable->at = end_;
    variable->size = value_size_;
    variable->known = true;
    end_ = static_cast<std::uint16_t>(end_ + value_size_);
    value_size_ = 0;
    return true;
}

void Variables::forget(std::uint64_t name) noexcept {
    if (Variable* const variable = place_of(name); variable != nullptr) release(*variable);
}

bool Variables::append(std::string_view text) noexcept {
    const std::size_t room =
        std::min(kValueMax - value_size_, kArenaSize - end_ - std::size_t{value_size_});
    const std::string_view part = utf8_prefix(text, room);
    // memmove: a variable's value may be appended to itself.
    if (!part.empty()) std::memmove(arena_.data() + end_ + value_size_, part.data(), part.size());
    value_size_ = static_cast<std::uint16_t>(value_size_ + part.size());
    return part.size() == text.size();
}

}  // namespace querytap::sql
