// Saves the memory now and then, on a thread of its own: a disk may be slow, and events wait for
// nobody.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include <querytap/novelty/state_file.h>

namespace querytap::novelty {

class Keeper {
  public:
    /// `memory` outlives the keeper. `failed` is called on the keeper's thread, or by the
    /// destructor, when saving fails after it had worked.
    Keeper(const Memory& memory, StateFile file, std::chrono::seconds interval,
           std::function<void(const Error&)> failed);
    /// Saves what has changed since.
    ~Keeper();
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

  private:
    void run();
    void save();

    const Memory& memory_;
    StateFile file_;
    std::chrono::seconds interval_;
    std::function<void(const Error&)> failed_;
    std::uint64_t saved_ = 0;  ///< changes() of what is on disk
    bool working_ = true;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace querytap::novelty
