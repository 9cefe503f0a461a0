/*
 * glibc's qsort() allocates for large arrays and always does all its work. Lists here are often
 * built from sorted ones, so one pass finds out first whether there is anything to do.
 */
#include "imgval/base/sort.h"

#include <stdbool.h>
#include <stdlib.h>

static bool is_sorted(const char *items, size_t count, size_t size, iv_order_fn *order)
{
    for (size_t i = 1; i < count; i++) {
        if (order(items + (i - 1) * size, items + i * size) > 0) {
            return false;
        }
    }
    return true;
}

void iv_sort(void *items, size_t count, size_t size, iv_order_fn *order)
{
    if (!is_sorted(items, count, size, order)) {
        qsort(items, count, size, order);
    }
}
