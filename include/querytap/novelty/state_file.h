// The memory on disk. Written beside and renamed over the former one, after it has reached the
// disk: whenever the process is killed, one whole state is there. Never a worker's business.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include <querytap/base/result.h>
#include <querytap/novelty/memory.h>

namespace querytap::novelty {

class StateFile {
  public:
    explicit StateFile(std::filesystem::path path) : path_(std::move(path)) {}

    /// The memory as it was saved; an empty one where no file is. A file that is not whole, or not
    /// ours, is set aside (path.damaged), and `warning` says so; the memory is empty then. An error
    /// only where the folder cannot be read or written: that would lose everything learnt.
    Result<std::unique_ptr<Memory>> load(const MemoryOptions& options,
                                         std::optional<Error>& warning) const;

    /// Any thread, while workers go on.
    Status save(const Memory& memory) const;

  private:
    std::filesystem::path path_;
};

}  // namespace querytap::novelty
