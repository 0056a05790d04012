#include "compressed_stream.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>
#include <zlib.h>
#include <zstd.h>

namespace querytap::dataplane {
namespace {

constexpr std::size_t kInputSize = 1u << 17;

class Plain final : public CompressedStream {
  public:
    explicit Plain(File file) : file_(std::move(file)) {}

  private:
    long read(char* out, std::size_t size) override {
        const std::size_t n = std::fread(out, 1, size, file_.get());
        if (n == 0 && std::ferror(file_.get()) != 0) {
            error_ = std::strerror(errno);
            return -1;
        }
        bytes_read_ += n;
        return static_cast<long>(n);
    }

    File file_;
};

class Gzip final : public CompressedStream {
  public:
    explicit Gzip(File file) : file_(std::move(file)), input_(kInputSize) {
        inflateInit2(&state_, 15 + 16);  // 32 KiB window, gzip header
    }
    ~Gzip() override { inflateEnd(&state_); }
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;

  private:
    long read(char* out, std::size_t size) override {
        state_.next_out = reinterpret_cast<Bytef*>(out);
        state_.avail_out = static_cast<uInt>(size);
        while (state_.avail_out == size) {
            if (state_.avail_in == 0 && !refill()) {
                if (between_members_) return 0;
                error_ = "the gzip data ends in the middle";
                return -1;
            }
            between_members_ = false;
            const int status = inflate(&state_, Z_NO_FLUSH);
            if (status == Z_STREAM_END) {  // another member may follow
                inflateReset(&state_);
                between_members_ = true;
            } else if (status != Z_OK && status != Z_BUF_ERROR) {
                error_ = std::string("the gzip data is broken: ") +
                         (state_.msg != nullptr ? state_.msg : "unknown error");
                return -1;
            }
        }
        return static_cast<long>(size - state_.avail_out);
    }

    bool refill() {
        const std::size_t n = std::fread(input_.data(), 1, input_.size(), file_.get());
        bytes_read_ += n;
        state_.next_in = input_.data();
        state_.avail_in = static_cast<uInt>(n);
        return n > 0;
    }

    File file_;
    std::vector<Bytef> input_;
    z_stream state_{};
    bool between_members_ = true;
};

class Zstd final : public CompressedStream {
  public:
    explicit Zstd(File file)
        : file_(std::move(file)), state_(ZSTD_createDStream()), input_(kInputSize) {}
    ~Zstd() override { ZSTD_freeDStream(state_); }
    Zstd(const Zstd&) = delete;
    Zstd& operator=(const Zstd&) = delete;

  private:
    long read(char* out, std::size_t size) override {
        ZSTD_outBuffer output{out, size, 0};
        while (output.pos == 0) {
            // At the end of the file the decoder may still hold output of what it has read.
            const bool more = pending_.pos < pending_.size || refill();
            if (!more && between_frames_) return 0;
            const std::size_t status = ZSTD_decompressStream(state_, &output, &pending_);
            if (ZSTD_isError(status) != 0) {
                error_ = std::string("the zstd data is broken: ") + ZSTD_getErrorName(status);
                return -1;
            }
            between_frames_ = status == 0;
            if (!more && !between_frames_ && output.pos == 0) {
                error_ = "the zstd data ends in the middle";
                return -1;
            }
        }
        return static_cast<long>(output.pos);
    }

    bool refill() {
        const std::size_t n = std::fread(input_.data(), 1, input_.size(), file_.get());
        bytes_read_ += n;
        pending_ = {input_.data(), n, 0};
        return n > 0;
    }

    File file_;
    ZSTD_DStream* state_;
    std::vector<char> input_;
    ZSTD_inBuffer pending_{};
    bool between_frames_ = true;
};

bool begins_with(const std::array<unsigned char, 4>& head, std::string_view magic) {
    return std::memcmp(head.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

Result<std::unique_ptr<CompressedStream>> CompressedStream::open(
    const std::filesystem::path& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return Error{.message = "is a directory, not a capture", .file = path.string()};
    }
    File file(std::fopen(path.c_str(), "rb"));
    if (!file) {
        return Error{.message = std::string("cannot be opened: ") + std::strerror(errno),
                     .file = path.string()};
    }
    std::array<unsigned char, 4> head{};
    const std::size_t n = std::fread(head.data(), 1, head.size(), file.get());
    std::rewind(file.get());
    if (n == head.size() && begins_with(head, "\x28\xb5\x2f\xfd")) {
        return std::unique_ptr<CompressedStream>(std::make_unique<Zstd>(std::move(file)));
    }
    if (n == head.size() && begins_with(head, "\x1f\x8b")) {
        return std::unique_ptr<CompressedStream>(std::make_unique<Gzip>(std::move(file)));
    }
    return std::unique_ptr<CompressedStream>(std::make_unique<Plain>(std::move(file)));
}

std::FILE* CompressedStream::as_file() {
    const cookie_io_functions_t functions{
        .read = [](void* cookie, char* out, std::size_t size) -> ssize_t {
            return static_cast<CompressedStream*>(cookie)->read(out, size);
        },
        .write = nullptr,
        .seek = nullptr,
        .close = nullptr,
    };
    return fopencookie(this, "rb", functions);
}

}  // namespace querytap::dataplane
