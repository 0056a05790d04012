/* Preloaded into querytap by a test: net_null, which has several queues, says of itself that it has
 * RSS. Its key is symmetric, or no key that repeats itself if PRETEND_RSS is "asymmetric". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

enum { kKeySize = 40 };

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
    const int step = strcmp(getenv("PRETEND_RSS"), "asymmetric") == 0 ? 7 : 0;
    for (int i = 0; i < kKeySize; ++i)
        conf->rss_key[i] = (uint8_t)((i % 2 == 0 ? 0x6d : 0x5a) + i * step);
    conf->rss_hf = info.flow_type_rss_offloads;
    return code;
}

/* Without a table the queue is a function of the hash alone. */
int rte_eth_dev_rss_reta_query(uint16_t port, struct rte_eth_rss_reta_entry64* table, uint16_t size) {
    (void)port, (void)table, (void)size;
    return -ENOTSUP;
}
