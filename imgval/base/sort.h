/*
 * sort.h: sorting, the same on every system: elements that compare equal keep their order. Not
 * qsort(), which promises no such thing, and of which no variant with a context is in C17.
 */
#ifndef IMGVAL_BASE_SORT_H
#define IMGVAL_BASE_SORT_H

#include <stddef.h>

typedef int iv_order_fn(const void *a, const void *b);
typedef int iv_order_with_fn(const void *a, const void *b, const void *context);

/* `items` may be NULL when there are none. An array that is in order, as lists built from sorted
 * ones are, costs one comparison for each of its elements. */
void iv_sort(void *items, size_t count, size_t size, iv_order_fn *order);

/* The same, and the order depends on something besides. */
void iv_sort_with(void *items, size_t count, size_t size, iv_order_with_fn *order,
                  const void *context);

#endif
