// What ThreadSanitizer cannot see of libraries that were not built with it, told to it: what
// happened before happens_before(x) in one thread is seen after happens_after(x) in another.
// Without the sanitizer both are nothing.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define QUERYTAP_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QUERYTAP_TSAN 1
#endif
#endif

#ifdef QUERYTAP_TSAN
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace querytap {

inline void happens_before([[maybe_unused]] void* what) noexcept {
#ifdef QUERYTAP_TSAN
    __tsan_release(what);
#endif
}
inline void happens_after([[maybe_unused]] void* what) noexcept {
#ifdef QUERYTAP_TSAN
    __tsan_acquire(what);
#endif
}

}  // namespace querytap
