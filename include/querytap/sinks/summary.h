// The closing table: each conversation with TDS or with a verdict, why, on what evidence; then
// totals. Bounded: the worst kConversationsMax conversations are kept, the rest is counted.
#pragma once

#include <iosfwd>
#include <memory>

#include <querytap/sinks/sink.h>

namespace querytap::sinks {

class Summary final : public Sink {
  public:
    static constexpr std::size_t kConversationsMax = 4096;

    Summary();
    ~Summary() override;
    void write(const pipeline::Event& event, const signature::Rule* rule) override;

    struct Totals {
        double seconds = 0;          ///< wall time of the run
        double capture_seconds = 0;  ///< first to last packet
        bool color = false;
        unsigned width = 100;  ///< columns of the terminal
    };
    void print(std::ostream& out, const MetricsSource& source, const Totals& totals) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::sinks
