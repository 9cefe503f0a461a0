/*
 * column.h: a fact of a package as a column of a table and as bytes of a set's digest. The columns
 * are the STORED fields of fields.h. For sets.c and sets_verify.c alone.
 */
#ifndef IMGVAL_CACHE_COLUMN_H
#define IMGVAL_CACHE_COLUMN_H

#include "cache/db.h"
#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/model/fields.h"
#include "imgval/model/package.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_column {
    const struct iv_field *field;
    bool is_changing; /* from version to version: in `package`, else in `identity` */
};

/* All of them, sorted by name: a digest must not depend on the order in fields.c. */
struct iv_column *iv_columns_build(struct iv_arena *arena, size_t *ret_count);

void iv_column_bind(struct iv_query *query, int at, const struct iv_column *column,
                    const struct iv_package *package);

/* Into the package. False: not a value of the field's; a wrong type is seen by the query. */
bool iv_column_read(struct iv_query *query, int at, const struct iv_column *column,
                    struct iv_arena *arena, struct iv_package *package);

/*
 * Adds name NUL value NUL when the fact is said. What is not said (NULL, 0, false, the first
 * enumerator) is left out, so that a new column does not change the digests of old sets.
 */
void iv_column_encode(struct iv_buf *buf, const struct iv_column *column,
                      const struct iv_package *package);

#endif
