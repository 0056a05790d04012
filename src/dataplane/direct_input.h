// A worker that receives for itself.
#pragma once

#include "input.h"
#include "receiver.h"

namespace querytap::dataplane {

class DirectInput final : public Input {
  public:
    explicit DirectInput(Receiver receiver) : receiver_(std::move(receiver)) {}

    Position position() noexcept override { return {receiver_.time(), receiver_.received()}; }
    void receive(Burst& burst) noexcept override { receiver_.receive(burst); }
    unsigned fill_percent() noexcept override { return receiver_.fill_percent(); }
    bool finished() noexcept override { return receiver_.finished(); }
    Timestamp end() noexcept override { return receiver_.time(); }

  private:
    Receiver receiver_;
};

}  // namespace querytap::dataplane
