#include <cstdint>
#include <string>
#include <vector>

#include <pcap/pcap.h>

#include <querytap/dataplane/capture_file.h>

#include "compressed_stream.h"
#include "link_layer.h"

namespace querytap::dataplane {
namespace {

/// Stops at the ends of what a Timestamp can say: pcapng can claim the year 500,000.
Timestamp whole_seconds(std::int64_t seconds) {
    // The seconds of a savefile have 32 bits and no sign; libpcap 1.10 gives them one.
    if (seconds < 0 && seconds >= INT32_MIN) seconds += std::int64_t{1} << 32;
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    std::int64_t ns = 0;
    if (!__builtin_mul_overflow(seconds, kNsPerSecond, &ns)) return from_ns(ns);
    return seconds > 0 ? Timestamp::max() : Timestamp::min();
}

}  // namespace

struct CaptureFile::Impl {
    std::string name;
    std::unique_ptr<CompressedStream> stream;
    pcap_t* pcap = nullptr;
    int link_type = 0;
    std::uint64_t packets = 0;
    std::vector<std::uint8_t> converted;

    ~Impl() {
        if (pcap != nullptr) pcap_close(pcap);
    }

    /// What libpcap said, or what the decompressor said before it.
    std::string reason(const char* libpcap_says) const {
        return stream->error().empty() ? libpcap_says : stream->error();
    }
};

CaptureFile::CaptureFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CaptureFile::~CaptureFile() = default;

Result<std::unique_ptr<CaptureFile>> CaptureFile::open(const std::filesystem::path& file) {
    auto impl = std::make_unique<Impl>();
    impl->name = file.string();
    auto stream = CompressedStream::open(file);
    if (!stream) return stream.error();
    impl->stream = std::move(stream).value();

    std::FILE* const input = impl->stream->as_file();
    if (input == nullptr) return Error{.message = "out of memory", .file = impl->name};
    char reason[PCAP_ERRBUF_SIZE] = "";
    impl->pcap =
        pcap_fopen_offline_with_tstamp_precision(input, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (impl->pcap == nullptr) {
        std::fclose(input);
        return Error{.message = "is not a capture that can be read: " + impl->reason(reason),
                     .hint = "querytap reads pcap and pcapng, also compressed with gzip or zstd",
                     .file = impl->name};
    }
    impl->link_type = pcap_datalink(impl->pcap);
    if (!is_known_link_type(impl->link_type)) {
        const char* name = pcap_datalink_val_to_name(impl->link_type);
        return Error{.message = std::string("has link type ") +
                                (name != nullptr ? name : std::to_string(impl->link_type)),
                     .hint = "querytap reads Ethernet, raw IP, Linux cooked and BSD loopback",
                     .file = impl->name};
    }
    return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(impl)));
}

Result<std::optional<CaptureFile::Record>> CaptureFile::next() {
    pcap_pkthdr* header = nullptr;
    const unsigned char* data = nullptr;
    switch (pcap_next_ex(impl_->pcap, &header, &data)) {
        case 1: {
            ++impl_->packets;
            const Bytes frame =
                to_ethernet(impl_->link_type, {data, header->caplen}, impl_->converted);
            // With nanosecond precision libpcap puts nanoseconds into tv_usec.
            const Timestamp time =
                later_by(whole_seconds(header->ts.tv_sec), Duration(header->ts.tv_usec));
            return std::optional<Record>(Record{frame, time});
        }
        case PCAP_ERROR_BREAK:
            return std::optional<Record>();
        default:
            return Error{.message = "is broken at packet " + std::to_string(impl_->packets + 1) +
                                    ": " + impl_->reason(pcap_geterr(impl_->pcap)),
                         .hint = "what came before it was read",
                         .file = impl_->name};
    }
}

std::uint64_t CaptureFile::packets() const noexcept {
    return impl_->packets;
}
std::uint64_t CaptureFile::bytes_read() const noexcept {
    return impl_->stream->bytes_read();
}

}  // namespace querytap::dataplane
