/*
 * NTFS, read by libfsntfs over the source: the only file that knows libfsntfs and libbfio.
 *
 * What the library leaves open is decided here: nothing that is encrypted, offline or compressed in
 * a way that is not known comes back as bytes, and no compressed file as zeros alone.
 */
#include "imgval/disk/chunked.h"
#include "imgval/disk/volume_kinds.h"
#include "imgval/disk/volume_ntfs_record.h"

#include "imgval/base/cursor.h"
#include "imgval/base/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *probe(const struct iv_source *source)
{
    unsigned char sector[512];
    return iv_source_read(source, sector, sizeof(sector), 0) &&
                   memcmp(sector + 3, "NTFS    ", 8) == 0
               ? "NTFS"
               : NULL;
}

#ifndef IMGVAL_WITH_FSNTFS

const struct iv_volume_kind iv_volume_ntfs = {
    .probe = probe,
    .missing = "this build was made without libfsntfs",
};

#else

#include <libbfio.h>
#include <libfsntfs.h>

/* File attribute bits and tags of reparse points: [MS-FSCC] 2.6, 2.1.2.1. */
#define ATTRIBUTE_DIRECTORY 0x10u
#define ATTRIBUTE_REPARSE 0x400u
#define ATTRIBUTE_OFFLINE 0x1000u
#define ATTRIBUTE_ENCRYPTED 0x4000u
#define DATA_ENCRYPTED 0x4000u
#define TAG_WOF 0x80000017u
#define TAG_LEADS_ELSEWHERE 0x20000000u /* "name surrogate" */
#define WOF_ALGORITHMS 4
#define RECORD_MAX 4096
static const char wof_stream[] = "WofCompressedData";

/* One entry holds far fewer: the standard ones, a few names and streams, and their continuations.
 */
#define ATTRIBUTES_MAX 65536

/* ---- the source as a libbfio handle ---- */

struct position {
    const struct iv_source *source;
    uint64_t at;
    bool is_open;
};

static struct position *position_of(intptr_t *handle)
{
    return (struct position *)(void *)handle;
}

static int position_free(intptr_t **handle, libbfio_error_t **error)
{
    (void)error;
    free(*handle);
    *handle = NULL;
    return 1;
}

static int position_clone(intptr_t **ret_handle, intptr_t *handle, libbfio_error_t **error)
{
    (void)error;
    struct position *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        return -1;
    }
    *copy = *position_of(handle);
    copy->is_open = false;
    *ret_handle = (intptr_t *)(void *)copy;
    return 1;
}

static int position_open(intptr_t *handle, int access, libbfio_error_t **error)
{
    (void)access;
    (void)error;
    position_of(handle)->is_open = true;
    position_of(handle)->at = 0;
    return 1;
}

static int position_close(intptr_t *handle, libbfio_error_t **error)
{
    (void)error;
    position_of(handle)->is_open = false;
    return 0;
}

static ssize_t position_read(intptr_t *handle, uint8_t *bytes, size_t size, libbfio_error_t **error)
{
    (void)error;
    struct position *position = position_of(handle);
    uint64_t left =
        position->at < position->source->size ? position->source->size - position->at : 0;
    if (size > left) {
        size = (size_t)left;
    }
    if (size > SSIZE_MAX || !iv_source_read(position->source, bytes, size, position->at)) {
        return -1;
    }
    position->at += size;
    return (ssize_t)size;
}

static off64_t position_seek(intptr_t *handle, off64_t offset, int whence, libbfio_error_t **error)
{
    (void)error;
    struct position *position = position_of(handle);
    off64_t base = 0;
    if (whence == SEEK_CUR) {
        base = (off64_t)position->at;
    } else if (whence == SEEK_END) {
        base = (off64_t)position->source->size;
    }
    off64_t wanted;
    if (__builtin_add_overflow(base, offset, &wanted) || wanted < 0) {
        return -1;
    }
    position->at = (uint64_t)wanted;
    return wanted;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library's type */
static int position_exists(intptr_t *handle, libbfio_error_t **error)
{
    (void)handle;
    (void)error;
    return 1;
}

static int position_is_open(intptr_t *handle, libbfio_error_t **error)
{
    (void)error;
    return position_of(handle)->is_open;
}

static int position_size(intptr_t *handle, size64_t *size, libbfio_error_t **error)
{
    (void)error;
    *size = position_of(handle)->source->size;
    return 1;
}

static libbfio_handle_t *open_handle(const struct iv_source *source)
{
    struct position *position = malloc(sizeof(*position));
    if (position == NULL) {
        return NULL;
    }
    *position = (struct position){.source = source};
    libbfio_handle_t *handle = NULL;
    if (libbfio_handle_initialize(&handle, (intptr_t *)(void *)position, position_free,
                                  position_clone, position_open, position_close, position_read,
                                  NULL, position_seek, position_exists, position_is_open,
                                  position_size, LIBBFIO_FLAG_IO_HANDLE_MANAGED, NULL) != 1) {
        free(position);
        return NULL;
    }
    return handle;
}

/* ---- the volume ---- */

/* The data of a file in hand: its own, or what its chunks inflate to. */
struct data {
    libfsntfs_file_entry_t *entry; /* owned by a file handed out, else borrowed */
    libfsntfs_data_stream_t *stream;
    struct iv_chunked chunked;
    struct data *next; /* handed out before */
};

struct ntfs {
    libbfio_handle_t *handle;
    libfsntfs_volume_t *library;
    libfsntfs_file_entry_t *mft; /* the master file table as a file */
    size_t record_size;
    struct iv_ntfs_census census;
    struct data *files; /* handed out by ntfs_file(): they live as long as the volume */
};

static void data_fini(struct data *data)
{
    if (data->stream != NULL) {
        libfsntfs_data_stream_free(&data->stream, NULL);
    }
    iv_chunked_fini(&data->chunked);
}

static struct ntfs *ntfs_of(const struct iv_volume *volume)
{
    return volume->state;
}

static void ntfs_close(struct iv_volume *volume)
{
    struct ntfs *ntfs = ntfs_of(volume);
    if (ntfs == NULL) {
        return;
    }
    for (struct data *data = ntfs->files; data != NULL; data = data->next) {
        data_fini(data);
        libfsntfs_file_entry_free(&data->entry, NULL);
    }
    if (ntfs->mft != NULL) {
        libfsntfs_file_entry_free(&ntfs->mft, NULL);
    }
    if (ntfs->library != NULL) {
        libfsntfs_volume_free(&ntfs->library, NULL);
    }
    if (ntfs->handle != NULL) {
        libbfio_handle_free(&ntfs->handle, NULL);
    }
}

/* Clusters that the volume's own bitmap ($Bitmap, entry 6) marks; 0 when it cannot be read. */
static uint64_t count_used(struct ntfs *ntfs, uint64_t volume_size)
{
    libfsntfs_file_entry_t *bitmap = NULL;
    uint64_t used = 0;
    size32_t cluster = 0;
    size64_t size = 0;
    if (libfsntfs_volume_get_cluster_block_size(ntfs->library, &cluster, NULL) != 1 ||
        cluster == 0 ||
        libfsntfs_volume_get_file_entry_by_index(ntfs->library, 6, &bitmap, NULL) != 1) {
        return 0;
    }
    uint64_t clusters = volume_size / cluster;
    unsigned char bytes[4096];
    if (libfsntfs_file_entry_get_size(bitmap, &size, NULL) != 1 || size < clusters / 8) {
        clusters = 0;
    }
    for (uint64_t at = 0; at < clusters / 8;) {
        ssize_t got = libfsntfs_file_entry_read_buffer_at_offset(bitmap, bytes, sizeof(bytes),
                                                                 (off64_t)at, NULL);
        if (got <= 0) {
            used = 0;
            break;
        }
        for (ssize_t i = 0; i < got && at + (uint64_t)i < clusters / 8; i++) {
            used += (uint64_t)__builtin_popcount(bytes[i]);
        }
        at += (uint64_t)got;
    }
    libfsntfs_file_entry_free(&bitmap, NULL);
    return used * cluster;
}

static bool ntfs_open(struct iv_volume *volume, size_t image, struct iv_fault *ret_fault)
{
    (void)image;
    struct ntfs *ntfs = IV_NEW(volume->arena, struct ntfs);
    volume->state = ntfs;
    ntfs->handle = open_handle(&volume->source);
    if (ntfs->handle == NULL || libfsntfs_volume_initialize(&ntfs->library, NULL) != 1) {
        iv_out_of_memory();
    }
    libfsntfs_file_entry_t *root = NULL;
    size32_t record = 0;
    if (libfsntfs_volume_open_file_io_handle(ntfs->library, ntfs->handle, LIBFSNTFS_OPEN_READ,
                                             NULL) != 1 ||
        libfsntfs_volume_get_mft_entry_size(ntfs->library, &record, NULL) != 1 || record < 512 ||
        record > RECORD_MAX ||
        libfsntfs_volume_get_file_entry_by_index(ntfs->library, 0, &ntfs->mft, NULL) != 1 ||
        libfsntfs_volume_get_root_directory(ntfs->library, &root, NULL) != 1) {
        (void)iv_volume_trouble(volume, ret_fault, IV_FAULT_PARTITION,
                                "the NTFS boot sector, master file table or root is damaged");
        return false;
    }
    libfsntfs_file_entry_free(&root, NULL);
    ntfs->record_size = record;
    volume->used = count_used(ntfs, volume->source.size);
    return true;
}

/* ---- entries ---- */

static enum iv_volume_outcome damaged(const struct iv_volume *volume, struct iv_fault *ret_fault,
                                      const char *what)
{
    return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE, "%s", what);
}

static bool read_entry(libfsntfs_file_entry_t *entry, unsigned char *bytes, size_t size,
                       uint64_t offset)
{
    size_t got = 0;
    while (got < size) {
        ssize_t more = libfsntfs_file_entry_read_buffer_at_offset(entry, bytes + got, size - got,
                                                                  (off64_t)(offset + got), NULL);
        if (more <= 0) {
            return false;
        }
        got += (size_t)more;
    }
    return true;
}

/*
 * A record of the master file table as it lies, its fix-ups undone: the library neither refuses a
 * torn record nor shows what a reparse point of WOF says in full. False: damaged.
 */
static bool read_record(const struct ntfs *ntfs, uint64_t reference, unsigned char *record)
{
    uint64_t number = IV_NTFS_NUMBER(reference);
    size_t size = ntfs->record_size;
    return number <= INT64_MAX / RECORD_MAX && read_entry(ntfs->mft, record, size, number * size) &&
           iv_ntfs_record_open(record, size);
}

/* What the attributes of an entry say of its data. */
struct traits {
    bool has_reparse;
    bool is_encrypted;
    uint32_t tag;
    uint32_t algorithm;
    bool algorithm_is_known;
    bool has_data;
};

static bool read_trait(libfsntfs_attribute_t *attribute, struct traits *traits)
{
    uint32_t type = 0;
    uint16_t flags = 0;
    size_t name = 0;
    if (libfsntfs_attribute_get_type(attribute, &type, NULL) != 1) {
        return false;
    }
    if (type == LIBFSNTFS_ATTRIBUTE_TYPE_DATA) {
        if (libfsntfs_attribute_get_data_flags(attribute, &flags, NULL) != 1) {
            return false;
        }
        bool is_named =
            libfsntfs_attribute_get_utf8_name_size(attribute, &name, NULL) == 1 && name > 1;
        traits->has_data = traits->has_data || !is_named;
        traits->is_encrypted = traits->is_encrypted || (flags & DATA_ENCRYPTED) != 0;
    }
    if (type == LIBFSNTFS_ATTRIBUTE_TYPE_REPARSE_POINT) {
        traits->has_reparse = true;
        if (libfsntfs_reparse_point_attribute_get_tag(attribute, &traits->tag, NULL) != 1) {
            return false;
        }
        traits->algorithm_is_known = libfsntfs_reparse_point_attribute_get_compression_method(
                                         attribute, &traits->algorithm, NULL) == 1 &&
                                     traits->algorithm < WOF_ALGORITHMS;
    }
    return true;
}

static bool read_traits(libfsntfs_file_entry_t *entry, struct traits *ret_traits)
{
    int count = 0;
    struct traits traits = {0};
    if (libfsntfs_file_entry_get_number_of_attributes(entry, &count, NULL) != 1 || count < 0 ||
        count > ATTRIBUTES_MAX) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        libfsntfs_attribute_t *attribute = NULL;
        if (libfsntfs_file_entry_get_attribute_by_index(entry, i, &attribute, NULL) != 1) {
            return false;
        }
        bool is_fine = read_trait(attribute, &traits);
        libfsntfs_attribute_free(&attribute, NULL);
        if (!is_fine) {
            return false;
        }
    }
    *ret_traits = traits;
    return true;
}

/* Checks the record of an entry; ret_wof (or NULL): see iv_ntfs_record_has_wof(). */
static bool check_record(const struct ntfs *ntfs, uint64_t reference, bool *ret_wof)
{
    unsigned char record[RECORD_MAX] = {0};
    if (!read_record(ntfs, reference, record)) {
        return false;
    }
    *ret_wof = *ret_wof || iv_ntfs_record_has_wof(record, ntfs->record_size);
    return true;
}

/* The records that an attribute list names: other ones, in which attributes go on. */
static bool check_listed(const struct ntfs *ntfs, libfsntfs_attribute_t *list, bool *ret_wof)
{
    int count = 0;
    if (libfsntfs_attribute_list_attribute_get_number_of_entries(list, &count, NULL) != 1 ||
        count > ATTRIBUTES_MAX) {
        return false;
    }
    uint64_t last = UINT64_MAX;
    for (int i = 0; i < count; i++) {
        libfsntfs_attribute_list_entry_t *entry = NULL;
        uint64_t reference = 0;
        if (libfsntfs_attribute_list_attribute_get_entry_by_index(list, i, &entry, NULL) != 1) {
            return false;
        }
        bool is_fine =
            libfsntfs_attribute_list_entry_get_file_reference(entry, &reference, NULL) == 1 &&
            (reference == last || check_record(ntfs, reference, ret_wof));
        libfsntfs_attribute_list_entry_free(&entry, NULL);
        if (!is_fine) {
            return false;
        }
        last = reference;
    }
    return true;
}

/* All records of an entry. */
static bool check_records(const struct ntfs *ntfs, libfsntfs_file_entry_t *entry, bool *ret_wof)
{
    uint64_t reference = 0;
    int count = 0;
    *ret_wof = false;
    if (libfsntfs_file_entry_get_file_reference(entry, &reference, NULL) != 1 ||
        !check_record(ntfs, reference, ret_wof) ||
        libfsntfs_file_entry_get_number_of_attributes(entry, &count, NULL) != 1) {
        return false;
    }
    for (int i = 0; i < count && i < ATTRIBUTES_MAX; i++) {
        libfsntfs_attribute_t *attribute = NULL;
        uint32_t type = 0;
        if (libfsntfs_file_entry_get_attribute_by_index(entry, i, &attribute, NULL) != 1) {
            return false;
        }
        bool is_fine = libfsntfs_attribute_get_type(attribute, &type, NULL) == 1 &&
                       (type != LIBFSNTFS_ATTRIBUTE_TYPE_ATTRIBUTE_LIST ||
                        check_listed(ntfs, attribute, ret_wof));
        libfsntfs_attribute_free(&attribute, NULL);
        if (!is_fine) {
            return false;
        }
    }
    return true;
}

/* False: the entry is damaged. */
static bool describe(const struct ntfs *ntfs, libfsntfs_file_entry_t *entry,
                     struct iv_volume_node *ret_node)
{
    bool has_wof = false;
    uint32_t flags = 0;
    struct traits traits = {0};
    struct iv_volume_node node = {.handle = entry};
    if (libfsntfs_file_entry_is_corrupted(entry, NULL) != 0 ||
        libfsntfs_file_entry_is_empty(entry, NULL) != 0 ||
        libfsntfs_file_entry_is_allocated(entry, NULL) != 1 ||
        libfsntfs_file_entry_get_file_attribute_flags(entry, &flags, NULL) != 1 ||
        !check_records(ntfs, entry, &has_wof)) {
        return false;
    }
    int folder = libfsntfs_file_entry_has_directory_entries_index(entry, NULL);
    if (folder < 0 || ((flags & ATTRIBUTE_REPARSE) != 0 && !read_traits(entry, &traits))) {
        return false;
    }
    node.is_directory = folder == 1;
    node.is_link = traits.has_reparse && (traits.tag & TAG_LEADS_ELSEWHERE) != 0;
    size64_t size = 0;
    if (!node.is_directory && libfsntfs_file_entry_get_size(entry, &size, NULL) != 1) {
        return false;
    }
    node.size = size;
    *ret_node = node;
    return true;
}

static void ntfs_release(struct iv_volume_node *node)
{
    libfsntfs_file_entry_t *entry = node->handle;
    if (entry != NULL) {
        libfsntfs_file_entry_free(&entry, NULL);
    }
    node->handle = NULL;
}

/* Takes over the entry. */
static enum iv_volume_outcome take(const struct iv_volume *volume, libfsntfs_file_entry_t *entry,
                                   struct iv_volume_node *ret_node, struct iv_fault *ret_fault)
{
    if (describe(ntfs_of(volume), entry, ret_node)) {
        return IV_VOLUME_FOUND;
    }
    libfsntfs_file_entry_free(&entry, NULL);
    return damaged(volume, ret_fault, "its record in the master file table is damaged");
}

static enum iv_volume_outcome ntfs_root(struct iv_volume *volume, struct iv_volume_node *ret_node,
                                        struct iv_fault *ret_fault)
{
    libfsntfs_file_entry_t *entry = NULL;
    if (libfsntfs_volume_get_root_directory(ntfs_of(volume)->library, &entry, NULL) != 1) {
        return damaged(volume, ret_fault, "the root directory cannot be read");
    }
    return take(volume, entry, ret_node, ret_fault);
}

static enum iv_volume_outcome ntfs_child(struct iv_volume *volume,
                                         const struct iv_volume_node *folder, const char *name,
                                         struct iv_volume_node *ret_node,
                                         struct iv_fault *ret_fault)
{
    libfsntfs_file_entry_t *entry = NULL;
    int found = libfsntfs_file_entry_get_sub_file_entry_by_utf8_name(
        folder->handle, (const uint8_t *)name, strlen(name), &entry, NULL);
    if (found == 0) {
        return IV_VOLUME_ABSENT;
    }
    if (found != 1) {
        return damaged(volume, ret_fault, "its directory or its record is damaged");
    }
    return take(volume, entry, ret_node, ret_fault);
}

static bool entry_name(libfsntfs_file_entry_t *entry, struct iv_arena *arena, const char **ret_name)
{
    size_t units = 0;
    uint16_t wide[1024];
    if (libfsntfs_file_entry_get_utf16_name_size(entry, &units, NULL) != 1 || units == 0 ||
        units > IV_COUNT(wide) ||
        libfsntfs_file_entry_get_utf16_name(entry, wide, units, NULL) != 1) {
        return false;
    }
    unsigned char bytes[2 * IV_COUNT(wide)];
    for (size_t i = 0; i + 1 < units; i++) { /* without the NUL at the end */
        bytes[2 * i] = (unsigned char)(wide[i] & 255);
        bytes[2 * i + 1] = (unsigned char)(wide[i] >> 8);
    }
    *ret_name = iv_volume_name_utf16(arena, bytes, 2 * (units - 1));
    return true;
}

/* An entry whose record is damaged is a file of no size, so that reading it is what fails. */
static bool list_entry(const struct ntfs *ntfs, const struct iv_volume_node *folder, int index,
                       struct iv_arena *arena, struct iv_volume_entry *ret_entry,
                       uint64_t *ret_number)
{
    libfsntfs_file_entry_t *entry = NULL;
    if (libfsntfs_file_entry_get_sub_file_entry_by_index(folder->handle, index, &entry, NULL) !=
        1) {
        return false;
    }
    struct iv_volume_node node = {0};
    const char *name = NULL;
    bool is_fine = entry_name(entry, arena, &name) &&
                   libfsntfs_file_entry_get_file_reference(entry, ret_number, NULL) == 1;
    *ret_number = IV_NTFS_NUMBER(*ret_number);
    if (is_fine && !describe(ntfs, entry, &node)) {
        node = (struct iv_volume_node){0};
    }
    libfsntfs_file_entry_free(&entry, NULL);
    if (is_fine) {
        *ret_entry = (struct iv_volume_entry){
            .name = name,
            .is_directory = node.is_directory,
            .is_link = node.is_link,
            .size = node.size,
        };
    }
    return is_fine;
}

static bool read_mft(const void *context, void *bytes, size_t size, uint64_t offset)
{
    const struct ntfs *ntfs = context;
    return read_entry(ntfs->mft, bytes, size, offset);
}

/* Whether no file of the directory is missing among `listed`: see iv_ntfs_census_take(). */
static bool is_complete(struct iv_volume *volume, const struct iv_volume_node *folder,
                        uint64_t *listed, size_t count)
{
    struct ntfs *ntfs = ntfs_of(volume);
    uint64_t reference = 0;
    size64_t size = 0;
    if (libfsntfs_file_entry_get_file_reference(folder->handle, &reference, NULL) != 1 ||
        libfsntfs_file_entry_get_size(ntfs->mft, &size, NULL) != 1) {
        return false;
    }
    const struct iv_source mft = {.size = size, .context = ntfs, .read = read_mft};
    return (ntfs->census.is_taken ||
            iv_ntfs_census_take(&mft, ntfs->record_size, volume->arena, &ntfs->census)) &&
           iv_ntfs_census_agrees(&ntfs->census, IV_NTFS_NUMBER(reference), listed, count);
}

static enum iv_volume_outcome ntfs_list(struct iv_volume *volume,
                                        const struct iv_volume_node *folder, struct iv_arena *arena,
                                        struct iv_volume_entry **ret_entries, size_t *ret_count,
                                        struct iv_fault *ret_fault)
{
    int count = 0;
    if (libfsntfs_file_entry_get_number_of_sub_file_entries(folder->handle, &count, NULL) != 1 ||
        count < 0) {
        return damaged(volume, ret_fault, "the directory is damaged");
    }
    if ((uint64_t)count > volume->limits->entries) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_LIMIT,
                                 "%d entries in a directory are more than the limit of %llu", count,
                                 (unsigned long long)volume->limits->entries);
    }
    struct iv_volume_entry *entries =
        IV_NEW_ARRAY(arena, struct iv_volume_entry, (size_t)count + 1);
    uint64_t *numbers = IV_NEW_ARRAY(arena, uint64_t, (size_t)count + 1);
    for (int i = 0; i < count; i++) {
        if (!list_entry(ntfs_of(volume), folder, i, arena, &entries[i], &numbers[i])) {
            return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE,
                                     "entry %d of %d in the directory is damaged", i + 1, count);
        }
    }
    if (!is_complete(volume, folder, numbers, (size_t)count)) {
        return damaged(volume, ret_fault,
                       "the directory is damaged: the master file table has more files in it");
    }
    *ret_entries = entries;
    *ret_count = (size_t)count;
    return IV_VOLUME_FOUND;
}

/* ---- data ---- */

/* Refuses what would come back as something else than the file. */
static enum iv_volume_outcome check_data(struct iv_volume *volume,
                                         const struct iv_volume_node *node,
                                         struct traits *ret_traits, struct iv_fault *ret_fault)
{
    uint32_t flags = 0;
    struct traits traits = {0};
    if (libfsntfs_file_entry_get_file_attribute_flags(node->handle, &flags, NULL) != 1 ||
        !read_traits(node->handle, &traits)) {
        return damaged(volume, ret_fault, "its record in the master file table is damaged");
    }
    if (traits.is_encrypted || (flags & ATTRIBUTE_ENCRYPTED) != 0) {
        return damaged(volume, ret_fault, "it is encrypted");
    }
    if ((flags & ATTRIBUTE_OFFLINE) != 0) {
        return damaged(volume, ret_fault, "it is offline: its content lies elsewhere");
    }
    if (!traits.has_data) {
        return damaged(volume, ret_fault, "it has no data attribute");
    }
    if (traits.has_reparse && traits.tag != TAG_WOF) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE,
                                 "it has a reparse point of the unknown kind 0x%08X", traits.tag);
    }
    bool has_wof = false;
    if (traits.has_reparse &&
        (!traits.algorithm_is_known || !check_records(ntfs_of(volume), node->handle, &has_wof) ||
         !has_wof)) {
        return damaged(volume, ret_fault, "it is compressed in a way that is not known");
    }
    *ret_traits = traits;
    return IV_VOLUME_FOUND;
}

static bool read_stream(const void *context, void *bytes, size_t size, uint64_t offset)
{
    const struct data *data = context;
    unsigned char *to = bytes;
    size_t got = 0;
    while (got < size) {
        ssize_t more = libfsntfs_data_stream_read_buffer_at_offset(
            data->stream, to + got, size - got, (off64_t)(offset + got), NULL);
        if (more <= 0) {
            return false;
        }
        got += (size_t)more;
    }
    return true;
}

/* [MS-FSCC] 2.1.2.11 (WOF, file provider) */
static bool open_compact(struct data *data, uint64_t size, uint32_t algorithm)
{
    static const struct {
        enum iv_packing packing;
        size_t chunk;
    } forms[WOF_ALGORITHMS] = {
        {IV_PACKING_XPRESS, 4096},
        {IV_PACKING_LZX, 32768},
        {IV_PACKING_XPRESS, 8192},
        {IV_PACKING_XPRESS, 16384},
    };
    size64_t packed = 0;
    if (libfsntfs_file_entry_get_alternate_data_stream_by_utf8_name(
            data->entry, (const uint8_t *)wof_stream, sizeof(wof_stream) - 1, &data->stream,
            NULL) != 1 ||
        libfsntfs_data_stream_get_size(data->stream, &packed, NULL) != 1) {
        return false;
    }
    struct iv_source source = {.size = packed, .context = data, .read = read_stream};
    return iv_chunked_open(&source, size, forms[algorithm].chunk, forms[algorithm].packing,
                           &data->chunked);
}

/* `data` is empty and gets the node's entry, borrowed; data_fini() is for the caller. */
static enum iv_volume_outcome open_data(struct iv_volume *volume, const struct iv_volume_node *node,
                                        struct data *data, struct iv_fault *ret_fault)
{
    struct traits traits = {0};
    enum iv_volume_outcome outcome = check_data(volume, node, &traits, ret_fault);
    data->entry = node->handle;
    if (outcome == IV_VOLUME_FOUND && traits.has_reparse &&
        !open_compact(data, node->size, traits.algorithm)) {
        return damaged(volume, ret_fault, "it is compressed, and its chunks are not there");
    }
    return outcome;
}

static bool read_data(const void *context, void *bytes, size_t size, uint64_t offset)
{
    /* Buffers and positions move inside: not const, and not shared with anybody. */
    struct data *data = (struct data *)(uintptr_t)context;
    return data->stream != NULL ? iv_chunked_read(&data->chunked, bytes, size, offset)
                                : read_entry(data->entry, bytes, size, offset);
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static enum iv_volume_outcome ntfs_read(struct iv_volume *volume, const struct iv_volume_node *node,
                                        void *bytes, struct iv_fault *ret_fault)
{
    struct data data IV_CLEANUP(data_fini) = {0};
    enum iv_volume_outcome outcome = open_data(volume, node, &data, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    if (!read_data(&data, bytes, (size_t)node->size, 0)) {
        return damaged(volume, ret_fault, "its data cannot be read: a damaged run or chunk");
    }
    if (data.stream != NULL && node->size > 0 && is_zero(bytes, (size_t)node->size)) {
        return damaged(volume, ret_fault, "it is compressed and reads as zeros");
    }
    return outcome;
}

static enum iv_volume_outcome ntfs_file(struct iv_volume *volume, struct iv_volume_node *node,
                                        struct iv_arena *arena, struct iv_source *ret_source,
                                        struct iv_fault *ret_fault)
{
    (void)arena; /* closing the volume gives the file back, so it lives in the volume's */
    struct data *data = IV_NEW(volume->arena, struct data);
    enum iv_volume_outcome outcome = open_data(volume, node, data, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        data_fini(data);
        return outcome;
    }
    struct ntfs *ntfs = ntfs_of(volume);
    data->next = ntfs->files;
    ntfs->files = data;
    node->handle = NULL; /* the file's now */
    *ret_source = (struct iv_source){.size = node->size, .context = data, .read = read_data};
    return IV_VOLUME_FOUND;
}

const struct iv_volume_kind iv_volume_ntfs = {
    .probe = probe,
    .open = ntfs_open,
    .close = ntfs_close,
    .root = ntfs_root,
    .child = ntfs_child,
    .list = ntfs_list,
    .read = ntfs_read,
    .file = ntfs_file,
    .release = ntfs_release,
};

#endif
