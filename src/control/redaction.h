// What of SQL texts leaves the process. Applied to each event before any sink sees it, so that no
// sink can forget it.
#pragma once

#include <querytap/config/config.h>
#include <querytap/pipeline/event.h>

namespace querytap::control {

class Redaction {
  public:
    explicit Redaction(config::SqlText shown) : shown_(shown) {}
    void apply(pipeline::Event& event) const;

  private:
    void apply(pipeline::Alert& alert) const;
    void apply(pipeline::Tds& tds) const;

    config::SqlText shown_;
};

}  // namespace querytap::control
