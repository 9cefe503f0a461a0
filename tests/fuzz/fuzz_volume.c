/*
 * Fuzz entry of the volume readers: opens the input as a volume of whatever kind it is, lists its
 * directories and reads its files, by both ways of reading. What is found by both must be the same.
 */
#include "imgval/disk/volume.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 40
#define FOLDERS_MAX 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_reported(enum iv_volume_outcome outcome, const struct iv_fault *fault)
{
    if (outcome == IV_VOLUME_TROUBLE && (fault->kind == IV_FAULT_NONE || fault->detail == NULL)) {
        abort();
    }
}

/* In pieces, as what lies inside a file is read. */
static void read_pieces(struct iv_volume *volume, const char *path, struct iv_arena *arena,
                        const struct iv_buf *whole)
{
    char piece[5000];
    struct iv_source source;
    struct iv_fault fault = {0};
    enum iv_volume_outcome outcome = iv_volume_file(volume, path, arena, &source, &fault);
    must_be_reported(outcome, &fault);
    if (outcome != IV_VOLUME_FOUND) {
        return;
    }
    if (source.size != whole->size) {
        abort();
    }
    for (size_t at = 0; at < whole->size; at += sizeof(piece)) {
        size_t here = whole->size - at < sizeof(piece) ? whole->size - at : sizeof(piece);
        if (iv_source_read(&source, piece, here, at) &&
            memcmp(piece, whole->data + at, here) != 0) {
            abort();
        }
    }
}

static void read_one(struct iv_volume *volume, const char *path, struct iv_arena *arena)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    enum iv_volume_outcome outcome = iv_volume_read(volume, path, IV_MIB, &buf, &fault);
    must_be_reported(outcome, &fault);
    if (outcome != IV_VOLUME_FOUND && buf.size != 0) {
        abort();
    }
    if (outcome == IV_VOLUME_FOUND) {
        read_pieces(volume, path, arena, &buf);
    }
}

static void read_folders(struct iv_volume *volume, struct iv_arena *arena)
{
    const char *folders[FOLDERS_MAX] = {""};
    size_t folder_count = 1;
    size_t files = 0;
    for (size_t at = 0; at < folder_count; at++) {
        struct iv_volume_entry *entries = NULL;
        size_t count = 0;
        struct iv_fault fault = {0};
        enum iv_volume_outcome outcome =
            iv_volume_list(volume, folders[at], arena, &entries, &count, &fault);
        must_be_reported(outcome, &fault);
        for (size_t i = 0; outcome == IV_VOLUME_FOUND && i < count; i++) {
            const char *path = iv_arena_printf(arena, "%s/%s", folders[at], entries[i].name);
            if (entries[i].is_directory && folder_count < FOLDERS_MAX) {
                folders[folder_count++] = path;
            } else if (!entries[i].is_directory && files++ < FILES_MAX) {
                read_one(volume, path, arena);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct iv_limits limits = iv_limits_default();
    limits.metadata_size = IV_MIB;
    limits.entries = 10000;
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_source source = iv_source_of_bytes(data, size, &arena);
    struct iv_volume *volume = NULL;
    struct iv_fault fault = {0};
    if (iv_volume_open(&source, 0, &limits, &arena, &volume, &fault)) {
        read_folders(volume, &arena);
        iv_volume_close(&volume);
    } else if (fault.kind == IV_FAULT_NONE || fault.detail == NULL) {
        abort();
    }
    iv_arena_fini(&arena);
    return 0;
}
