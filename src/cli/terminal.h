// What standard output and standard error are connected to.
#pragma once

#include <cstdio>

namespace querytap::cli {

bool is_terminal(std::FILE* stream) noexcept;

/// Is colour wanted on this stream? (NO_COLOR and TERM=dumb say no.)
bool wants_color(std::FILE* stream) noexcept;

/// Columns of the terminal, or 100 where there is none.
unsigned columns(std::FILE* stream) noexcept;

/// Messages of the program itself go to standard error, one short line each.
void set_up_log();

}  // namespace querytap::cli
