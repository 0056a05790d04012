// body(0) ... body(count - 1) on all cores; returns when all are done.
#pragma once

#include <cstddef>

#include <tbb/parallel_for.h>

#include <querytap/base/thread_sanitizer.h>

namespace querytap::signature {

template <typename Body>
void in_parallel(std::size_t count, const Body& body) {
    // oneTBB hands tasks to its threads, and waits for them, out of ThreadSanitizer's sight.
    char begun = 0;
    char done = 0;
    happens_before(&begun);
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
        happens_after(&begun);
        body(i);
        happens_before(&done);
    });
    happens_after(&done);
}

}  // namespace querytap::signature
