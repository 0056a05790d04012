// What the hit of a signature becomes, whoever had it: an alert, and evidence.
#pragma once

#include <querytap/signature/scanner.h>

#include "context.h"

namespace querytap::pipeline {

/// "sid:9100101": a signature among the evidence.
BoundedText<16> evidence_id(const signature::Rule& rule) noexcept;

/// Does the rate (of the rule, or of who asks) let it be told? Counts what it holds back.
bool is_told(Context& context, const Conversation& who, const signature::Rule& rule,
             const signature::Rate& rate, bool to_server) noexcept;

/// Writes the alert; `user` and `application` of the login, where there was one.
void write_alert(Context& context, const Conversation& who, const signature::Hit& hit,
                 std::uint32_t generation, bool to_server, const BoundedText<128>& user,
                 const BoundedText<128>& application) noexcept;

}  // namespace querytap::pipeline
