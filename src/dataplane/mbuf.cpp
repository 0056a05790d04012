#include "mbuf.h"

namespace querytap::dataplane {

bool StampField::register_field() noexcept {
    const rte_mbuf_dynfield field{
        .name = "querytap_stamp", .size = sizeof(Stamp), .align = alignof(Stamp), .flags = 0};
    const int offset = rte_mbuf_dynfield_register(&field);
    if (offset < 0) return false;
    offset_ = static_cast<std::uintptr_t>(offset);
    return true;
}

}  // namespace querytap::dataplane
