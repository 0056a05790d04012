// A file as a C stream, decompressed on the way if it is gzip or zstd. Told by its first bytes, not
// by its name.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <querytap/base/result.h>

namespace querytap::dataplane {

class CompressedStream {
  public:
    virtual ~CompressedStream() = default;

    static Result<std::unique_ptr<CompressedStream>> open(const std::filesystem::path& file);

    /// For libpcap, which closes it. The stream must outlive it.
    std::FILE* as_file();

    std::uint64_t bytes_read() const noexcept { return bytes_read_; }
    /// What was wrong with the compressed data; empty if nothing.
    const std::string& error() const noexcept { return error_; }

  protected:
    /// Up to `size` decompressed bytes; 0 at the end, -1 on an error.
    virtual long read(char* out, std::size_t size) = 0;

    struct CloseFile {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    using File = std::unique_ptr<std::FILE, CloseFile>;

    std::uint64_t bytes_read_ = 0;
    std::string error_;
};

}  // namespace querytap::dataplane
