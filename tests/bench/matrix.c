/*
 * The all-pairs matrix of one variant, without input: `matrix VERSIONS PACKAGES` builds a history
 * in which every version changes some packages, adds one now and then and loses one now and then,
 * and prints what it cost. For bench.py.
 */
#include "imgval/base/attr.h"
#include "imgval/model/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    const size_t versions = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    const size_t packages = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    iv_pool_init(&pool, 1);
    struct iv_package *states = IV_NEW_ARRAY(&arena, struct iv_package, packages);
    const struct iv_package **items = IV_NEW_ARRAY(&arena, const struct iv_package *, packages);
    struct iv_point *points = IV_NEW_ARRAY(&arena, struct iv_point, versions);
    for (size_t k = 0; k < packages; k++) {
        states[k] = (struct iv_package){
            .key = iv_arena_printf(&arena, "contoso.p%06zu.main", k),
            .owner_type = "OEM",
            .version = "1.0.0.0",
        };
    }
    const double start = now();
    for (size_t v = 0; v < versions; v++) {
        struct iv_set set = {.items = items};
        for (size_t k = 0; k < packages; k++) {
            if (k % 10 == v % 10) {
                states[k].version = iv_arena_printf(&arena, "1.0.%zu.0", v % 65536);
            }
            /* Half of the packages come in the course of the history; each version lacks one. */
            const bool came = k % 2 == 0 || k * versions <= v * packages;
            if (came && k != (v * 7919) % (4 * packages)) {
                items[set.count++] = &states[k];
            }
        }
        points[v].number = (struct iv_version){.part = {0, 0, (uint16_t)(v / 1000), (uint16_t)v}};
        if (!iv_pool_add(&pool, &set, &points[v].set)) {
            return 1;
        }
    }
    const double built = now();
    struct iv_matrix matrix;
    if (!iv_matrix_build(&pool, points, versions, false, &arena, &matrix)) {
        return 1;
    }
    const double done = now();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.3f %.3f %ld %zu %zu\n", done - built, built - start, usage.ru_maxrss / 1024,
           (size_t)matrix.reachable, matrix.longest_count);
    return 0;
}
