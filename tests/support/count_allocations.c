/* Preloaded into querytap by a test: counts how often its threads take memory. A shared file holds
 * two numbers: of lcores other than the main one, which DPDK calls rte-worker-N, and of all others. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

static _Atomic uint64_t* counts;

__attribute__((constructor)) static void open_counts(void) {
    const int file = open(getenv("COUNT_ALLOCATIONS"), O_RDWR | O_CLOEXEC);
    void* memory = (void*)syscall(SYS_mmap, NULL, sizeof(uint64_t) * 2, PROT_READ | PROT_WRITE,
                                  MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) counts = memory;
}

static void count(void) {
    char name[16] = "";
    if (counts == NULL) return;
    prctl(PR_GET_NAME, name);
    atomic_fetch_add(&counts[strncmp(name, "rte-worker", 10) == 0 ? 0 : 1], 1);
}

void* malloc(size_t size) {
    count();
    return __libc_malloc(size);
}
void* calloc(size_t n, size_t size) {
    count();
    return __libc_calloc(n, size);
}
void* realloc(void* memory, size_t size) {
    count();
    return __libc_realloc(memory, size);
}
void* memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
    count();
    *memory = __libc_memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}
void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
    count();
    return (void*)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}
void* mmap64(void* address, size_t size, int protection, int flags, int file, off64_t offset) {
    count();
    return (void*)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}
