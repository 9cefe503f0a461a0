/*
 * store.h: the baseline store: recorded submissions and baselines, one SQLite file.
 *
 * It is the user's data: durable (rollback journal, synchronous=FULL), migrated by the verbs that
 * write, never rebuilt, dropped or silently replaced. A file that is there but is no store (a
 * zero-byte one too) is an error, never an empty store. Readers open read-only and never migrate.
 *
 * Errors: IV_ERROR_ABSENT (no such file, or nothing of that name), IV_ERROR_NEWER (schema of a
 * newer imgval), IV_ERROR_STORE (damaged, foreign, locked, unreadable), IV_ERROR_SYSTEM (disk full,
 * no permission), IV_ERROR_REFUSED (a rule of the store forbids it), IV_ERROR_AGAIN (see
 * iv_store_commit), IV_ERROR_INVALID (a record that cannot be recorded: its id is not that of its
 * content, a malformed firmware version, a POP that is not UTF-8 or stands twice). Each text names
 * the file. After any error of a writer, close the store: the transaction is undone.
 */
#ifndef IMGVAL_CACHE_STORE_H
#define IMGVAL_CACHE_STORE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/record.h"
#include "imgval/model/wspc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_store;

enum iv_store_mode {
    IV_STORE_READ,   /* an existing store, read-only; an older schema is read through a migrated
                        copy in memory. One snapshot from open to close: writers wait (10 s) for
                        the close, so do not hold it longer than needed. A journal that a killed
                        writer left is played back, which needs permission to write. */
    IV_STORE_WRITE,  /* an existing store; migrated if older */
    IV_STORE_CREATE, /* as WRITE, but a missing file is made by the first commit that has something
                        to record: there is never a store without its first submission. Its
                        directory is made at once */
};

IV_MUST_USE bool iv_store_open(const char *path, enum iv_store_mode mode,
                               struct iv_store **ret_store, struct iv_error *err);
void iv_store_close(struct iv_store **store); /* for IV_CLEANUP; an open transaction is undone */

/* Writers: one transaction for each verb. BEGIN IMMEDIATE, so the answers that a decision was based
 * on cannot change before the commit. */
IV_MUST_USE bool iv_store_begin(struct iv_store *store, struct iv_error *err);
/*
 * IV_ERROR_AGAIN: the store was missing when it was opened and another process has made it since;
 * nothing was recorded. Close it and do the verb again from the opening: now it is there.
 */
IV_MUST_USE bool iv_store_commit(struct iv_store *store, struct iv_error *err);

/* What is recorded for one POP. */
struct iv_baselines {
    struct iv_baseline *items; /* without their sets; sorted by version, then id */
    size_t count;
    int64_t touched; /* the latest add or import (seconds since 1970); 0: none */
};

/* All baselines of a POP (folded). */
IV_MUST_USE bool iv_store_baselines(struct iv_store *store, const struct iv_pop *pop,
                                    struct iv_arena *arena, struct iv_baselines *ret_baselines,
                                    struct iv_error *err);

/* Fills baseline->set (present packages, sorted by key) and baseline->traits. */
IV_MUST_USE bool iv_store_load_set(struct iv_store *store, struct iv_baseline *baseline,
                                   struct iv_arena *arena, struct iv_error *err);

/* Every POP that has at least one baseline, sorted (ADV006). */
IV_MUST_USE bool iv_store_baseline_pops(struct iv_store *store, struct iv_arena *arena,
                                        struct iv_pop **ret_pops, size_t *ret_count,
                                        struct iv_error *err);

/*
 * One submission by id, unique prefix of an id (at least 4 hex digits), or
 * OEM/OPERATOR/MODEL@VERSION (a baseline is preferred when several carry it). IV_ERROR_ABSENT when
 * there is none, IV_ERROR_USAGE when the name is ambiguous (the text lists the ids).
 */
IV_MUST_USE bool iv_store_find(struct iv_store *store, const char *name, struct iv_arena *arena,
                               struct iv_record *ret_record, struct iv_error *err);

/* All submissions, sorted by first POP, version, id; IV_ERROR_STORE when a seal is broken, or (with
 * packages) an id is not that of its content: nothing of a damaged store is handed out as if it
 * were the whole. The same is checked of what iv_store_find() returns. with_packages false:
 * packages are not loaded and package_count is still right. */
IV_MUST_USE bool iv_store_list(struct iv_store *store, bool with_packages, struct iv_arena *arena,
                               struct iv_record **ret_records, size_t *ret_count,
                               struct iv_error *err);

enum iv_store_added {
    IV_STORE_ADDED,    /* was not there */
    IV_STORE_PROMOTED, /* was there; is a baseline now (of at least one more POP) */
    IV_STORE_KNOWN,    /* was there; nothing changed */
};

/*
 * Records a submission (inside a transaction). A POP flag `baseline` that would make a second
 * baseline of that version for the POP with another id: IV_ERROR_REFUSED (text: WSPC010's, with the
 * id that stands there) unless `replace`, which demotes the old one for that POP. An id that is
 * there already keeps its data; flags are OR-ed. But a judged record (not `imported`) takes the
 * place of an imported list of the same id: an id does not cover all facts of a package. Traits
 * that were not known are added in every case.
 */
IV_MUST_USE bool iv_store_add(struct iv_store *store, const struct iv_record *record, bool replace,
                              enum iv_store_added *ret_added, struct iv_error *err);

/*
 * As add, for merges and bundles: flags are OR-ed and never refused; the earlier `recorded` wins.
 * The outcome of many merges does not depend on their order: of two records with one id the judged
 * one gives the facts, else the greater by a total order over them. Every record is copied whole,
 * so list the other store without packages and iv_store_find() each id: memory stays small.
 */
IV_MUST_USE bool iv_store_merge_record(struct iv_store *store, const struct iv_record *record,
                                       enum iv_store_added *ret_added, struct iv_error *err);

/* Removes a submission by its full id (inside a transaction). IV_ERROR_ABSENT: not there. */
IV_MUST_USE bool iv_store_remove(struct iv_store *store, const char *id, struct iv_error *err);

/* integrity_check, foreign_key_check, and every id and set digest computed anew. ret_problems: one
 * line each in the arena; false only when the checks themselves could not be run. */
IV_MUST_USE bool iv_store_verify(struct iv_store *store, struct iv_arena *arena,
                                 const char ***ret_problems, size_t *ret_count,
                                 struct iv_error *err);

#endif
