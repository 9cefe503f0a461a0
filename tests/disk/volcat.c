/*
 * volcat: prints what imgval's readers make of a volume, for the tests.
 *
 *   volcat [--image=N] [--offset BYTES] IMAGE          the kind, then every entry below the root
 *   volcat ... IMAGE PATH...                           these files alone
 *
 * One line each: "kind NAME", "images N", "used BYTES", "dir PATH", "link PATH",
 * "file PATH SIZE SHA-256", "absent PATH", "trouble KIND PATH: detail".
 * All of it is read in a sandboxed worker process, as in a scan; --here: in this one.
 * --hive KEY: IMAGE is a registry hive; "value NAME TYPE TEXT" for each of the key, "dirty".
 * --catalog: IMAGE is a catalog; "signers N", "members N", "member TAG DIGEST DATA-TYPE FILE" for
 * each, with "-" for what it does not have.
 * --file: through iv_volume_file() in pieces, and not through iv_volume_read().
 */
#include "imgval/base/digest.h"
#include "imgval/base/file.h"
#include "imgval/base/text.h"
#include "imgval/base/workers.h"
#include "imgval/disk/catalog.h"
#include "imgval/disk/hive.h"
#include "imgval/disk/volume.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct volcat {
    int fd;
    uint64_t size;
    size_t image;
    uint64_t offset;
    bool by_file;
    bool catalog;
    const char *key; /* of a hive */
    char **paths;
    struct iv_limits limits;
    struct iv_arena arena;
    struct iv_volume *volume;
    struct iv_buf *out;
};

static void print_trouble(struct volcat *cat, const char *path, const struct iv_fault *fault)
{
    iv_buf_printf(cat->out, "trouble %d %s: %s\n", (int)fault->kind, path,
                  fault->detail != NULL ? fault->detail : "(no detail)");
}

static enum iv_volume_outcome read_by_file(struct volcat *cat, const char *path, struct iv_buf *buf,
                                           struct iv_fault *ret_fault)
{
    struct iv_source source;
    enum iv_volume_outcome outcome =
        iv_volume_file(cat->volume, path, &cat->arena, &source, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    size_t piece = 5000;
    for (uint64_t at = 0; at < source.size; at += piece) {
        size_t here = source.size - at < piece ? (size_t)(source.size - at) : piece;
        if (!iv_source_read(&source, iv_buf_reserve(buf, here), here, at)) {
            *ret_fault = (struct iv_fault){.kind = IV_FAULT_FILE, .detail = "cannot be read"};
            return IV_VOLUME_TROUBLE;
        }
        buf->size += here;
    }
    return outcome;
}

static void print_file(struct volcat *cat, const char *path)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    enum iv_volume_outcome outcome =
        cat->by_file ? read_by_file(cat, path, &buf, &fault)
                     : iv_volume_read(cat->volume, path, 64 * IV_MIB, &buf, &fault);
    char hex[IV_SHA256_HEX_SIZE];
    struct iv_sha256 *sha;
    switch (outcome) {
    case IV_VOLUME_FOUND:
        sha = iv_sha256_open();
        iv_sha256_add(sha, buf.data, buf.size);
        iv_sha256_close_hex(sha, hex);
        iv_buf_printf(cat->out, "file %s %zu %s\n", path, buf.size, hex);
        break;
    case IV_VOLUME_ABSENT:
        iv_buf_printf(cat->out, "absent %s\n", path);
        break;
    case IV_VOLUME_TROUBLE:
        print_trouble(cat, path, &fault);
        break;
    }
}

static void print_folder(struct volcat *cat, const char *path, int depth)
{
    struct iv_volume_entry *entries = NULL;
    size_t count = 0;
    struct iv_fault fault = {0};
    enum iv_volume_outcome outcome =
        depth < 32 ? iv_volume_list(cat->volume, path, &cat->arena, &entries, &count, &fault)
                   : IV_VOLUME_ABSENT;
    if (outcome == IV_VOLUME_TROUBLE) {
        print_trouble(cat, path, &fault);
    } else if (outcome == IV_VOLUME_ABSENT) {
        iv_buf_printf(cat->out, "absent %s\n", path);
    }
    for (size_t i = 0; outcome == IV_VOLUME_FOUND && i < count; i++) {
        const char *below =
            iv_arena_printf(&cat->arena, "%s%s%s", path, *path == '\0' ? "" : "/", entries[i].name);
        if (depth == 0 && entries[i].name[0] == '$') {
            continue; /* the file system's own */
        }
        if (entries[i].is_link) {
            iv_buf_printf(cat->out, "link %s\n", below);
        } else if (entries[i].is_directory) {
            iv_buf_printf(cat->out, "dir %s\n", below);
            print_folder(cat, below, depth + 1);
        } else {
            print_file(cat, below);
        }
    }
}

static void print_hive(struct volcat *cat, const struct iv_source *source)
{
    struct iv_fault fault = {0};
    struct iv_hive hive;
    struct iv_hive_values values = {0};
    void *bytes = iv_arena_alloc(&cat->arena, (size_t)source->size);
    if (!iv_source_read(source, bytes, (size_t)source->size, 0) ||
        !iv_hive_open(bytes, (size_t)source->size, &hive, &fault)) {
        print_trouble(cat, "(hive)", &fault);
        return;
    }
    if (hive.is_dirty) {
        iv_buf_puts(cat->out, "dirty\n");
    }
    switch (iv_hive_values(&hive, cat->key, &cat->arena, &values, &fault)) {
    case IV_HIVE_FOUND:
        for (size_t i = 0; i < values.count; i++) {
            iv_buf_printf(cat->out, "value %s %u %s\n",
                          values.items[i].name != NULL ? values.items[i].name : "(damaged)",
                          values.items[i].type,
                          values.items[i].trouble != NULL ? "(damaged)"
                          : values.items[i].text != NULL  ? values.items[i].text
                                                          : "(other)");
        }
        break;
    case IV_HIVE_ABSENT:
        iv_buf_printf(cat->out, "absent %s\n", cat->key);
        break;
    case IV_HIVE_TROUBLE:
        print_trouble(cat, cat->key, &fault);
        break;
    }
}

static void print_hex(struct volcat *cat, struct iv_der bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        iv_buf_printf(cat->out, "%02x", bytes.bytes[i]);
    }
    iv_buf_puts(cat->out, bytes.size == 0 ? "- " : " ");
}

static void print_catalog(struct volcat *cat, const struct iv_source *source)
{
    struct iv_catalog catalog;
    struct iv_catalog_member member;
    const char *why = "cannot be read";
    void *bytes = iv_arena_alloc(&cat->arena, (size_t)source->size);
    if (!iv_source_read(source, bytes, (size_t)source->size, 0) ||
        !iv_catalog_read(bytes, (size_t)source->size, &cat->arena, &catalog, &why)) {
        iv_buf_printf(cat->out, "refused %s\n", why);
        return;
    }
    iv_buf_printf(cat->out, "signers %zu\nmembers %zu\n", catalog.signer_count,
                  catalog.member_count);
    for (struct iv_der at = catalog.members; iv_catalog_next(&at, &member);) {
        const char *file = iv_catalog_value(member.attributes, "File", &cat->arena);
        iv_buf_puts(cat->out, "member ");
        print_hex(cat, member.tag);
        print_hex(cat, member.digest);
        iv_buf_printf(cat->out, "%s %s\n",
                      member.data_type.size > 0 ? iv_der_oid_text(member.data_type, &cat->arena)
                                                : "-",
                      file != NULL ? file : "-");
    }
}

static void work(void *context, size_t i, struct iv_buf *record)
{
    (void)i;
    struct volcat *cat = context;
    cat->out = record;
    struct iv_source whole = iv_source_of_file(cat->fd, cat->size, NULL, &cat->arena);
    struct iv_source source = iv_source_slice(&whole, cat->offset, cat->size, &cat->arena);
    if (cat->catalog) {
        print_catalog(cat, &source);
        return;
    }
    if (cat->key != NULL) {
        print_hive(cat, &source);
        return;
    }
    const char *kind = iv_volume_kind(&source);
    iv_buf_printf(record, "kind %s\n", kind != NULL ? kind : "(none)");
    struct iv_fault fault = {0};
    if (!iv_volume_open(&source, cat->image, &cat->limits, &cat->arena, &cat->volume, &fault)) {
        print_trouble(cat, "(volume)", &fault);
        return;
    }
    iv_buf_printf(record, "images %zu\nused %" PRIu64 "\n", iv_volume_image_count(cat->volume),
                  iv_volume_used(cat->volume));
    for (char **path = cat->paths; *path != NULL; path++) {
        print_file(cat, *path);
    }
    if (*cat->paths == NULL) {
        print_folder(cat, "", 0);
    }
    iv_volume_close(&cat->volume);
}

static void print(void *context, size_t i, const char *lost, const void *record, size_t size)
{
    (void)i;
    int *status = context;
    if (lost != NULL) {
        printf("lost %s\n", lost);
        *status = 1;
    } else {
        fwrite(record, 1, size, stdout);
    }
}

int main(int argc, char **argv)
{
    struct volcat cat = {.limits = iv_limits_default()};
    cat.limits.reader_seconds = 120; /* sanitizers and valgrind take long; a hang takes for ever */
    unsigned jobs = 1;
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--here") == 0) {
            jobs = 0;
        } else if (strcmp(argv[at], "--catalog") == 0) {
            cat.catalog = true;
        } else if (strcmp(argv[at], "--file") == 0) {
            cat.by_file = true;
        } else if (strncmp(argv[at], "--image=", 8) == 0) {
            cat.image = strtoul(argv[at] + 8, NULL, 10);
        } else if (strcmp(argv[at], "--offset") == 0) {
            cat.offset = strtoull(argv[++at], NULL, 0);
        } else if (strcmp(argv[at], "--hive") == 0) {
            cat.key = argv[++at];
        } else {
            return 2;
        }
    }
    struct stat st;
    if (at >= argc || (cat.fd = open(argv[at], O_RDONLY | O_CLOEXEC)) < 0 ||
        fstat(cat.fd, &st) != 0) {
        fprintf(stderr, "usage: volcat [OPTION...] IMAGE [PATH...]\n");
        return 2;
    }
    cat.size = (uint64_t)st.st_size;
    cat.paths = argv + at + 1;
    iv_arena_init(&cat.arena);
    struct iv_workers_options options = {
        .jobs = jobs,
        .limits = &cat.limits,
        .record_max = 64u << 20,
        .files = &cat.fd,
        .file_count = 1,
    };
    int status = 0;
    struct iv_error err = {0};
    struct iv_containment containment;
    const struct iv_workers_job job = {
        .count = 1, .work = work, .work_context = &cat, .result = print, .result_context = &status};
    if (!iv_workers_run(&options, &job, &containment, &err)) {
        fprintf(stderr, "volcat: %s\n", err.text);
        status = 1;
    }
    iv_arena_fini(&cat.arena);
    close(cat.fd);
    return status;
}
