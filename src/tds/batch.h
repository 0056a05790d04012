// SQLBatch (MS-TDS 2.2.6.7): headers, then text to the end of the message.
#pragma once

#include "all_headers.h"

namespace querytap::tds {

class BatchParser {
  public:
    /// headless: the beginning of the message was lost; all there is is text.
    explicit BatchParser(bool headless) noexcept : in_text_(headless) {}

    bool running() const noexcept { return in_text_; }

    std::size_t run(Bytes bytes, const MessageScope& scope) {
        emit(bytes, false, scope);
        return bytes.size();
    }

    Step unit(Reader& reader, const MessageScope& scope) {
        bool present = false;
        const Step step = read_all_headers(reader, scope, present);
        in_text_ = step == Step::kDone;
        return step;
    }

    /// `rest`: what was too short for headers, and so is text.
    void finish(Bytes rest, const MessageScope& scope) { emit(rest, true, scope); }

  private:
    void emit(Bytes bytes, bool end, const MessageScope& scope) {
        scope.handler.on_sql(scope.info, SqlSource::kBatch,
                             {.bytes = bytes, .begin = !begun_, .end = end});
        begun_ = true;
    }

    bool in_text_;
    bool begun_ = false;
};

}  // namespace querytap::tds
