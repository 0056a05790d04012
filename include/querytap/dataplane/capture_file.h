// Frames out of capture files: pcap and pcapng, micro- or nanoseconds, plain or compressed with
// gzip or zstd. Link types Ethernet, raw IP, Linux cooked (SLL, SLL2) and BSD null/loopback; all
// come out as Ethernet frames, so that everything after it knows one link type.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include <querytap/base/bytes.h>
#include <querytap/base/result.h>
#include <querytap/base/time.h>

namespace querytap::dataplane {

class CaptureFile {
  public:
    static Result<std::unique_ptr<CaptureFile>> open(const std::filesystem::path& file);
    ~CaptureFile();
    CaptureFile(const CaptureFile&) = delete;
    CaptureFile& operator=(const CaptureFile&) = delete;

    struct Record {
        Bytes frame;  ///< valid until the next call
        Timestamp time;
    };
    /// The next frame; nothing at the end of the file; an error that names the packet where the
    /// file is broken (everything before it was delivered).
    Result<std::optional<Record>> next();

    std::uint64_t packets() const noexcept;     ///< delivered so far
    std::uint64_t bytes_read() const noexcept;  ///< of the file on disk, for progress

  private:
    struct Impl;
    explicit CaptureFile(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::dataplane
