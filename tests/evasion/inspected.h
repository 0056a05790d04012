// One variant of the corpus, inspected with the project's own signatures.
#pragma once

#include <iosfwd>
#include <set>
#include <string>

#include <querytap/verdict/verdict.h>

#include "corpus.h"

namespace querytap::test {

struct Inspected {
    std::set<std::uint32_t> sids;
    std::set<std::string> threats;  ///< of those signatures
    verdict::Level level{};
    std::set<std::string> anomalies;
    std::uint64_t queries = 0;
};
std::ostream& operator<<(std::ostream& out, const Inspected& found);
std::ostream& operator<<(std::ostream& out, const Variant& variant);

Inspected inspect(const Variant& variant);

/// Is this what the corpus asks for: one of its alerts, or a malicious verdict?
bool detected(const Variant& variant, const Inspected& found);

}  // namespace querytap::test
