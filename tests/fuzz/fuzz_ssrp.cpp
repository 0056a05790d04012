// Any bytes as a datagram of SSRP, from either side: views stay within it, and a list of instances
// ends.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <querytap/tds/ssrp.h>

namespace {

using namespace querytap;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_view(std::string_view view, Bytes datagram) {
    if (view.empty()) return;
    const std::string_view all = as_text(datagram);
    require(view.data() >= all.data() && view.data() + view.size() <= all.data() + all.size());
}

void check(const tds::Ssrp& ssrp, Bytes datagram, bool answer) {
    using tds::SsrpMessage;
    const bool is_answer =
        ssrp.message == SsrpMessage::kAnswer || ssrp.message == SsrpMessage::kDacAnswer;
    require(ssrp.message == SsrpMessage::kNone || is_answer == answer);
    require(!tds::name(ssrp.message).empty());
    check_view(ssrp.instance, datagram);
    check_view(ssrp.instances, datagram);
    std::string_view left = ssrp.instances;
    std::size_t rounds = 0;
    for (tds::SsrpInstance instance; tds::next_instance(left, instance);) {
        require(++rounds <= 1 + ssrp.instances.size());
        for (const std::string_view view :
             {instance.server, instance.instance, instance.version, instance.pipe, left})
            check_view(view, datagram);
    }
    require(left.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::uint8_t> datagram(data, data + size);
    check(tds::read_ssrp_request(datagram), datagram, false);
    check(tds::read_ssrp_answer(datagram), datagram, true);
    return 0;
}
