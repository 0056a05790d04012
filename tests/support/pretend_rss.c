/* Preloaded into querytap by a test: net_null, which has several queues, says of itself that it has
 * RSS. Its key is symmetric, or no key that repeats itself if PRETEND_RSS is "asymmetric". It hashes
 * what it is told to, or all that it knows if PRETEND_RSS is "ports". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

enum { kKeySize = 40 };

static uint64_t told; /* what to hash */

static int pretends(const char* what) { return strcmp(getenv("PRETEND_RSS"), what) == 0; }

int rte_eth_dev_configure(uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf* conf) {
    int (*next)(uint16_t, uint16_t, uint16_t, const struct rte_eth_conf*);
    *(void**)&next = dlsym(RTLD_NEXT, "rte_eth_dev_configure");
    told = conf->rx_adv_conf.rss_conf.rss_hf;
    return next(port, rx, tx, conf);
}

int rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info* info) {
    int (*next)(uint16_t, struct rte_eth_dev_info*);
    *(void**)&next = dlsym(RTLD_NEXT, "rte_eth_dev_info_get");
    const int code = next(port, info);
    info->hash_key_size = kKeySize;
    return code;
}

int rte_eth_dev_rss_hash_conf_get(uint16_t port, struct rte_eth_rss_conf* conf) {
    struct rte_eth_dev_info info;
    const int code = rte_eth_dev_info_get(port, &info);
    const int step = pretends("asymmetric") ? 7 : 0;
    for (int i = 0; i < kKeySize; ++i)
        conf->rss_key[i] = (uint8_t)((i % 2 == 0 ? 0x6d : 0x5a) + i * step);
    conf->rss_hf = pretends("ports") ? info.flow_type_rss_offloads : told;
    return code;
}

/* Without a table the queue is a function of the hash alone. */
int rte_eth_dev_rss_reta_query(uint16_t port, struct rte_eth_rss_reta_entry64* table, uint16_t size) {
    (void)port, (void)table, (void)size;
    return -ENOTSUP;
}
