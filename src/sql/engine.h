// All layers of one text. Plain data: it lives in the bytes of a Normaliser or in the Scratch.
#pragma once

#include <cstdint>

#include <querytap/base/utf16.h>

#include "folder.h"
#include "statements.h"
#include "tokenizer.h"

namespace querytap::sql {

struct Engine {
    Encoding encoding = Encoding::kUtf16le;
    NarrowState narrow;
    Meter meter;
    Tokenizer tokenizer;
    Folder folder;
    Spelling spelling;
    Statements statements;
};

/// The layers for text that a statement executes; a deeper one for what that text executes.
class Nested final : public DynamicRunner {
  public:
    explicit Nested(DynamicRunner* deeper) noexcept : deeper_(deeper) {}
    int run(std::string_view text, Run& outer) override;
    int run_open(std::string_view text, Run& outer) override;
    Output& reopen(int view, Run& outer) override;
    void close(int view, Run& outer) override;

  private:
    DynamicRunner* deeper_;
    Engine engine_;
    Output output_;
};

/// Below the last level nothing is normalised, only counted.
class Bottom final : public DynamicRunner {
  public:
    int run(std::string_view text, Run& outer) override;
    int run_open(std::string_view text, Run& outer) override;
    Output& reopen(int view, Run& outer) override;
    void close(int view, Run& outer) override;
};

struct Scratch::Impl {
    static constexpr std::size_t kStep = 8 * 1024;  // input bytes narrowed at a time

    Bottom bottom;
    Nested fourth{&bottom};
    Nested third{&fourth};
    Nested second{&third};
    Nested first{&second};
    Output output;
    std::array<char, narrow_bound(kStep) + kStep> narrowed;
};

}  // namespace querytap::sql
