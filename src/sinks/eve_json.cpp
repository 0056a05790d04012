#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include <querytap/sinks/eve_json.h>

#include "eve_events.h"
#include "eve_object.h"
#include "eve_stats.h"

namespace querytap::sinks {
namespace {

constexpr std::size_t kBufferSize = 1u << 16;

class EveJson final : public Sink {
  public:
    explicit EveJson(const config::Eve& options) : options_(options) {}
    ~EveJson() override {
        (void)flush();
        close();
    }

    Status open() {
        if (options_.file == "-") {
            file_ = stdout;
            return success();
        }
        std::FILE* const opened = std::fopen(options_.file.c_str(), "a");
        if (opened != nullptr) {
            close();
            file_ = opened;
            return success();
        }
        return Error{.message = std::string("cannot be written: ") + std::strerror(errno),
                     .hint = "the folder of the EVE file must exist and be writable",
                     .file = options_.file};
    }

    void write(const pipeline::Event& event, const signature::Rule* rule) override {
        if (!wanted(event.type)) return;
        out_.Clear();
        write_event(out_, event, rule);
        write_line();
    }

    void write_stats(const MetricsSource& source, Timestamp when) override {
        if (!options_.stats) return;
        out_.Clear();
        write_stats_record(out_, source, when);
        write_line();
    }

    Status flush() override {
        write_out();
        if (file_ != nullptr && std::fflush(file_) != 0 && error_ == 0) error_ = errno;
        if (error_ == 0 || told_) return success();
        told_ = true;
        return Error{.message = std::string("events are lost: ") + std::strerror(error_),
                     .file = options_.file == "-" ? "standard output" : options_.file};
    }

    /// Where the new file cannot be opened, the former one is written on: it may have another name
    /// by now, but nothing is lost.
    Status reopen() override {
        if (options_.file == "-") return success();
        const Status flushed = flush();
        const Status opened = open();
        if (!opened.ok()) return opened;
        error_ = 0;
        told_ = false;
        return flushed;
    }

  private:
    bool wanted(pipeline::EventType type) const noexcept {
        switch (type) {
            case pipeline::EventType::kAlert:
                return options_.alert;
            case pipeline::EventType::kVerdict:
                return options_.verdict;
            case pipeline::EventType::kFlow:
                return options_.flow;
            case pipeline::EventType::kTds:
                return options_.tds;
        }
        return true;
    }

    void write_line() {
        pending_.append(out_.GetString(), out_.GetSize());
        pending_ += '\n';
        if (pending_.size() >= kBufferSize) write_out();
    }

    void write_out() {
        if (file_ != nullptr && error_ == 0 && !pending_.empty() &&
            std::fwrite(pending_.data(), 1, pending_.size(), file_) != pending_.size()) {
            error_ = errno;
        }
        pending_.clear();
    }

    void close() {
        if (file_ != nullptr && file_ != stdout) std::fclose(file_);
        file_ = nullptr;
    }

    config::Eve options_;
    std::FILE* file_ = nullptr;
    rapidjson::StringBuffer out_;
    std::string pending_;
    int error_ = 0;
    bool told_ = false;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_eve_json(const config::Eve& options) {
    auto sink = std::make_unique<EveJson>(options);
    if (Status opened = sink->open(); !opened.ok()) return opened.error();
    return std::unique_ptr<Sink>(std::move(sink));
}

std::string to_eve_line(const pipeline::Event& event, const signature::Rule* rule) {
    rapidjson::StringBuffer out;
    write_event(out, event, rule);
    return std::string(out.GetString(), out.GetSize()) + "\n";
}

}  // namespace querytap::sinks
