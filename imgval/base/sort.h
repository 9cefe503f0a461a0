/*
 * sort.h: sorting what is often in order already: lists that were built from sorted ones.
 */
#ifndef IMGVAL_BASE_SORT_H
#define IMGVAL_BASE_SORT_H

#include <stddef.h>

typedef int iv_order_fn(const void *a, const void *b);

/* As qsort(). An array that is in order costs one comparison for each of its elements. */
void iv_sort(void *items, size_t count, size_t size, iv_order_fn *order);

#endif
