// The parameters of a call as its record shows them: @name='text', 0x0102, 7. Text, binary and
// integers only.
#pragma once

#include <string_view>

#include <querytap/base/bounded_text.h>
#include <querytap/base/utf16.h>
#include <querytap/tds/message.h>

namespace querytap::pipeline {

class ParameterText {
  public:
    static constexpr std::size_t kSizeMax = 256;
    using Text = BoundedText<kSizeMax>;

    /// A parameter begins; whether it has a value to show is not known yet.
    void begin(std::string_view name) noexcept { name_.assign(name); }
    void value(Text& out, const tds::Chunk& chunk) noexcept;
    void number(Text& out, std::int64_t value) noexcept;

  private:
    void head(Text& out) noexcept;
    void quoted(Text& out, std::string_view text) const noexcept;
    void narrowed(Text& out, const tds::Chunk& chunk) noexcept;

    BoundedText<32> name_;
    NarrowState narrow_;
};

}  // namespace querytap::pipeline
