// The text of one rule, joined from its lines, that still knows where each byte stood in the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <querytap/base/result.h>

#include "rule_model.h"

namespace querytap::signature {

class Source {
  public:
    explicit Source(std::string_view file) : file_(file) {}

    void append(std::string_view piece, Position where);

    std::string_view text() const noexcept { return text_; }
    const std::string& file() const noexcept { return file_; }
    Position at(std::size_t offset) const noexcept;
    Error error(std::size_t offset, std::string message, std::string hint = {}) const;

  private:
    struct Piece {
        std::size_t start = 0;
        Position where;
    };
    std::string file_;
    std::string text_;
    std::vector<Piece> pieces_;
};

/// Every rule of a file: comments (#) and empty lines dropped, lines that end with \ joined.
std::vector<Source> split_rules(std::string_view text, std::string_view file);

}  // namespace querytap::signature
