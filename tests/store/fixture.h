/*
 * fixture.h: records made up from numbers, and a store's content as text. For the tests of the
 * baseline store.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "cache/store.h"
#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/model/fields.h"
#include "imgval/model/submission.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    unsigned serial;    /* packages that differ depend on it */
    unsigned packages;  /* how many */
    unsigned different; /* how many of them are this serial's own */
    const char *firmware_version;
    const char *oem;       /* "CONTOSO" */
    const char *operators; /* one letter for each POP: "A", "AB" */
    bool baseline;
    bool imported;
    int64_t recorded;
};

static inline struct iv_package fixture_package(const struct fixture *f, unsigned i,
                                                struct iv_arena *arena)
{
    bool own = i < f->different;
    unsigned salt = own ? f->serial + 1 : 0;
    struct iv_package package = {
        .style = i % 3 == 0 ? IV_STYLE_CBS : IV_STYLE_SPKG,
        .owner = "Contoso",
        .component = iv_arena_printf(arena, "Component%u", i),
        .sub_component = i % 5 == 0 ? NULL : "Part",
        .version = iv_arena_printf(arena, "1.%u.%u.7", i % 100, salt),
        .partition = i % 4 == 0 ? NULL : "MainOS",
        .owner_type = i % 7 == 0 ? "Microsoft" : "OEM",
        .release_type = "Production",
        .empty = i % 11 == 0,
        .binary_partition = i % 50 == 49,
        .removal = i % 40 == 39,
        .file_count = i + salt,
        .total_size = UINT64_C(1000) * i + salt,
        .content = iv_arena_printf(arena, "%032x%032x", i, salt),
    };
    iv_version_parse(package.version, &package.number);
    package.name = iv_arena_printf(arena, "Contoso.Component%u.%s", i,
                                   i % 13 == 0 ? "\xc4\xd6 no UTF-8" : "Part");
    package.key = iv_ascii_fold(arena, package.name);
    return package;
}

static inline int fixture_compare_key(const void *a, const void *b)
{
    return strcmp(((const struct iv_package *)a)->key, ((const struct iv_package *)b)->key);
}

static inline void fixture_seal(struct iv_record *record, struct iv_arena *arena)
{
    struct iv_pop *pops = IV_NEW_ARRAY(arena, struct iv_pop, record->pop_count);
    for (size_t i = 0; i < record->pop_count; i++) {
        pops[i] = record->pops[i].pop;
    }
    record->id = iv_submission_id(record->packages, record->package_count, pops, record->pop_count,
                                  record->firmware_version, arena);
}

static inline struct iv_record fixture_record(const struct fixture *f, struct iv_arena *arena)
{
    struct iv_record record = {
        .firmware_version = iv_arena_strdup(arena, f->firmware_version),
        .imported = f->imported,
        .recorded = f->recorded,
        .pop_count = strlen(f->operators),
        .package_count = f->packages,
    };
    if (!iv_version_parse(record.firmware_version, &record.number)) {
        record.number = (struct iv_version){0};
    }
    record.pops = IV_NEW_ARRAY(arena, struct iv_record_pop, record.pop_count);
    for (size_t i = 0; i < record.pop_count; i++) {
        record.pops[i] = (struct iv_record_pop){
            .pop = {.oem = f->oem,
                    .mobile_operator = iv_arena_printf(arena, "00%c-01", f->operators[i]),
                    .model = "CT-100"},
            .baseline = f->baseline,
            .compliant = f->baseline || i % 2 == 0,
        };
    }
    record.packages = IV_NEW_ARRAY(arena, struct iv_package, f->packages);
    for (unsigned i = 0; i < f->packages; i++) {
        record.packages[i] = fixture_package(f, i, arena);
    }
    if (f->packages > 1) {
        qsort(record.packages, f->packages, sizeof(*record.packages), fixture_compare_key);
    }
    fixture_seal(&record, arena);
    return record;
}

static inline void fixture_dump_record(const struct iv_record *record, struct iv_buf *buf)
{
    iv_buf_printf(buf, "%s %s %d %" PRId64 " %zu\n", record->id, record->firmware_version,
                  record->imported, record->recorded, record->package_count);
    for (size_t i = 0; i < record->pop_count; i++) {
        const struct iv_record_pop *pop = &record->pops[i];
        iv_buf_printf(buf, "  pop %s/%s/%s %d %d\n", pop->pop.oem, pop->pop.mobile_operator,
                      pop->pop.model, pop->baseline, pop->compliant);
    }
    for (size_t i = 0; i < record->traits.feature_count; i++) {
        iv_buf_printf(buf, "  feature %s\n", record->traits.features[i]);
    }
    const struct iv_layout *layout = &record->traits.layout;
    iv_buf_printf(buf, "  traits %d %d %d\n", record->traits.has_features, layout->present,
                  layout->from_manifest);
    for (size_t i = 0; i < layout->partition_count; i++) {
        iv_buf_printf(buf, "  partition %" PRIu64 " %s %" PRIu64 " %d\n",
                      layout->partitions[i].store, layout->partitions[i].name,
                      layout->partitions[i].size, layout->partitions[i].use_all_space);
    }
    for (size_t i = 0; record->packages != NULL && i < record->package_count; i++) {
        const struct iv_package *p = &record->packages[i];
        iv_buf_printf(
            buf,
            "  package %s|%s|%u|%s|%u|%s|%s|%d%d%d|%s|%s|%s|%s|%s|%s|%" PRIu64 "|%" PRIu64 "\n",
            p->key, p->name, p->style, p->version != NULL ? p->version : "-", p->number.part[2],
            p->partition != NULL ? p->partition : "-", p->owner_type != NULL ? p->owner_type : "-",
            p->removal, p->binary_partition, p->empty, p->owner != NULL ? p->owner : "-",
            p->component != NULL ? p->component : "-",
            p->sub_component != NULL ? p->sub_component : "-",
            p->culture != NULL ? p->culture : "-", p->release_type != NULL ? p->release_type : "-",
            p->content != NULL ? p->content : "-", p->file_count, p->total_size);
    }
}

/* Everything in an open store. */
static inline bool fixture_dump(struct iv_store *store, struct iv_buf *buf, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    struct iv_record *records;
    size_t count;
    iv_arena_init(&arena);
    if (!iv_store_list(store, true, &arena, &records, &count, err)) {
        return false;
    }
    iv_buf_puts(buf, "store\n");
    for (size_t i = 0; i < count; i++) {
        fixture_dump_record(&records[i], buf);
    }
    return true;
}

static inline bool fixture_dump_path(const char *path, struct iv_buf *buf, struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    return iv_store_open(path, IV_STORE_READ, &store, err) && fixture_dump(store, buf, err);
}

static inline bool fixture_put_once(const char *path, const struct iv_record *records, size_t count,
                                    bool merge, bool replace, struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    if (!iv_store_open(path, IV_STORE_CREATE, &store, err) || !iv_store_begin(store, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        enum iv_store_added added;
        if (!(merge ? iv_store_merge_record(store, &records[i], &added, err)
                    : iv_store_add(store, &records[i], replace, &added, err))) {
            return false;
        }
    }
    return iv_store_commit(store, err);
}

/* One transaction that adds (or merges) records. */
static inline bool fixture_put(const char *path, const struct iv_record *records, size_t count,
                               bool merge, bool replace, struct iv_error *err)
{
    struct iv_error why = {0};
    bool is_done = fixture_put_once(path, records, count, merge, replace, &why);
    while (!is_done && why.code == IV_ERROR_AGAIN) {
        why = (struct iv_error){0};
        is_done = fixture_put_once(path, records, count, merge, replace, &why);
    }
    if (!is_done) {
        *err = why;
    }
    return is_done;
}

/* Prints what is wrong; the number of problems, or -1 and the error. */
static inline int fixture_problems(const char *path, struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    const char **lines;
    size_t count;
    iv_arena_init(&arena);
    if (!iv_store_open(path, IV_STORE_READ, &store, err) ||
        !iv_store_verify(store, &arena, &lines, &count, err)) {
        return -1;
    }
    if (getenv("STORE_TEST_VERBOSE") != NULL) {
        for (size_t i = 0; i < count; i++) {
            fprintf(stderr, "problem: %s\n", lines[i]);
        }
    }
    return (int)count;
}

#endif
