// What the shell learns from the exit status.
#pragma once

#include <querytap/base/result.h>

namespace querytap::cli {

constexpr int kDone = 0;
constexpr int kFailed = 1;  ///< at work: a broken file, a lost device, a full disk, lost mbufs
constexpr int kUsage = 2;   ///< wrong arguments or configuration; nothing was done

/// Says what was wrong on standard error; returns `status`.
int fail(int status, const Error& error);

}  // namespace querytap::cli
