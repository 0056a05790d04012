// Is this new here? Part of connection.h, for those of its files that ask.
#pragma once

#include "connection.h"

namespace querytap::pipeline {

template <typename What>
void Connection::look_for_news(novelty::Thing thing, const What& what, verdict::Evidence evidence,
                               std::string_view shown) noexcept {
    novelty::Memory* const memory = context_.limits.memory;
    if (memory == nullptr) return;
    const novelty::Seen seen =
        memory->look(thing, conversation_.server.address, what, context_.now);
    if (seen != novelty::Seen::kFirstTime) return;
    BoundedText<160> text;
    text.assign(verdict::traits(evidence).text);
    if (!shown.empty()) {
        text.append(": ");
        text.append(shown);
    }
    add_evidence(evidence, text.view());
}

}  // namespace querytap::pipeline
