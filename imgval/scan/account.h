/*
 * account.h: the fates of items, which together with those that the listing and the readers of
 * images counted are all entries of the input (model/entries.h).
 */
#ifndef IMGVAL_SCAN_ACCOUNT_H
#define IMGVAL_SCAN_ACCOUNT_H

#include "imgval/input/input.h"

/* Of one item, by what its reader said: a package (NULL or without a key: none), and facts (NULL:
 * nothing else). */
enum iv_fate iv_account_fate(const struct iv_item *item, const struct iv_package *package,
                             const struct iv_facts *facts);

/* Sets the submission's entries. `fates`: one for each item. */
void iv_account(const struct iv_listing *listing, const enum iv_fate *fates,
                const struct iv_facts *facts, size_t count, struct iv_submission *s);

#endif
