// The corpus: attacks.d/*.yaml and look-alikes.d/*.yaml of this folder, as tests want them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "delivery.h"

namespace querytap::test {

struct Variant {
    std::string id;         ///< "comments/4:batch": file, line, way
    std::string technique;  ///< of its file
    std::string threat;     ///< "" for a look-alike
    std::string way;
    std::vector<std::uint32_t> sids;  ///< alerts that suffice; none: the verdict must be malicious
    Speech speech;
};

/// Throws std::runtime_error with file and line where a file cannot be understood.
std::vector<Variant> attacks();
std::vector<Variant> look_alikes();

}  // namespace querytap::test
