#include <utility>

#include <querytap/novelty/keeper.h>

namespace querytap::novelty {

Keeper::Keeper(const Memory& memory, StateFile file, std::chrono::seconds interval,
               std::function<void(const Error&)> failed)
    : memory_(memory),
      file_(std::move(file)),
      interval_(interval),
      failed_(std::move(failed)),
      saved_(memory.changes()),
      thread_([this] { run(); }) {}

Keeper::~Keeper() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
    save();
}

void Keeper::run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, interval_, [this] { return stop_; })) {
        lock.unlock();
        save();
        lock.lock();
    }
}

void Keeper::save() {
    const std::uint64_t changes = memory_.changes();
    if (changes == saved_) return;
    const Status status = file_.save(memory_);
    if (status.ok()) saved_ = changes;
    if (!status.ok() && working_) failed_(status.error());
    working_ = status.ok();
}

}  // namespace querytap::novelty
