/* Preloaded into querytap by a test: a fault that forgets to give back the first burst. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>

struct rte_mbuf;

void rte_pktmbuf_free_bulk(struct rte_mbuf** mbufs, unsigned count) {
    static atomic_flag kept = ATOMIC_FLAG_INIT;
    if (count > 0 && !atomic_flag_test_and_set(&kept)) return;
    void (*next)(struct rte_mbuf**, unsigned);
    *(void**)&next = dlsym(RTLD_NEXT, "rte_pktmbuf_free_bulk");
    next(mbufs, count);
}
