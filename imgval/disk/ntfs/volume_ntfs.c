/*
 * NTFS: the boot sector, the master file table, directories, and files in every form that Windows
 * writes: resident, in runs, sparse, compressed (LZNT1), compact (WOF, file provider).
 *
 *   ntfs_record   a record as bytes: fix-ups, header, attributes
 *   ntfs_data     run lists and the bytes of an attribute; lznt1: its compressed units
 *   ntfs_file     a file: its record, its attribute list and the records that continue it
 *   ntfs_index    the names in a directory
 *   ntfs_folders  the directories at hand, and whether they are whole
 *   ntfs_census   all records, against indexes and clusters that do not agree with them
 *
 * Nothing that is encrypted, offline or compressed in a way that is not known comes back as bytes,
 * and no compact file as zeros alone: that is what a reader without WOF gives.
 */
#include "imgval/disk/volume_kinds.h"

#include "imgval/base/cursor.h"
#include "imgval/disk/chunked.h"
#include "imgval/disk/ntfs/ntfs_folders.h"

#include <string.h>

/* File attribute bits and tags of reparse points: [MS-FSCC] 2.6, 2.1.2.1. */
#define ATTRIBUTE_REPARSE 0x400u
#define ATTRIBUTE_OFFLINE 0x1000u
#define ATTRIBUTE_ENCRYPTED 0x4000u
#define TAG_WOF 0x80000017u
#define TAG_MICROSOFT 0x80000000u       /* others have a GUID more */
#define TAG_LEADS_ELSEWHERE 0x20000000u /* "name surrogate" */
#define WOF_PROVIDER_FILE 2u
#define WOF_ALGORITHMS 4u
#define WOF_STREAM "WofCompressedData"
#define REPARSE_MAX 16384u /* the format's own bound */
#define ROOT 5u
#define BITMAP 6u
#define RECORDS_A_FILE 4u /* in use or not: the bound of the table, of the limit of entries */
#define I30 "$I30"

/* The data of a file in hand: its own, or what its chunks inflate to. */
struct data {
    struct iv_ntfs_stream stream;
    struct iv_chunked chunked;
    bool is_compact;
    struct data *next; /* handed out before */
};

/* What the attributes of a file say of it and its data. */
struct traits {
    uint32_t flags;
    bool has_reparse;
    uint32_t tag;
    uint32_t version; /* these three: WOF */
    uint32_t provider;
    uint32_t algorithm;
    const struct iv_ntfs_attribute *data; /* NULL: it has none */
};

/* The file opened last: a file of many names is opened once for all of them. */
struct opened {
    struct iv_arena arena;
    struct iv_arena_mark start; /* keeps a block for the next one */
    bool is_open;
    struct iv_ntfs_file file;
    struct traits traits;
};

struct state {
    struct iv_ntfs ntfs;
    struct iv_arena scratch; /* empty between calls */
    struct iv_ntfs_folders folders;
    struct opened opened;
    struct data *files; /* handed out by ntfs_file(): they live as long as the volume */
};

static const char *probe(const struct iv_source *source)
{
    unsigned char sector[512];
    return iv_source_read(source, sector, sizeof(sector), 0) &&
                   memcmp(sector + 3, "NTFS    ", 8) == 0
               ? "NTFS"
               : NULL;
}

static struct state *state_of(const struct iv_volume *volume)
{
    return volume->state;
}

static enum iv_volume_outcome damaged(const struct iv_volume *volume, struct iv_fault *ret_fault,
                                      const char *what)
{
    return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE, "%s", what);
}

/* The layers below say why; what it happened to is known here. */
static enum iv_volume_outcome damaged_why(const struct iv_volume *volume,
                                          struct iv_fault *ret_fault, const char *what,
                                          const struct iv_ntfs_why *why)
{
    return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE, "%s: %s", what, why->text);
}

static enum iv_volume_outcome damaged_record(const struct iv_volume *volume,
                                             struct iv_fault *ret_fault,
                                             const struct iv_ntfs_why *why)
{
    return damaged_why(volume, ret_fault, "its record in the master file table is damaged", why);
}

/* ---- the volume ---- */

static void data_fini(struct data *data)
{
    iv_chunked_fini(&data->chunked);
}

static void ntfs_close(struct iv_volume *volume)
{
    struct state *state = state_of(volume);
    if (state == NULL) {
        return;
    }
    for (struct data *data = state->files; data != NULL; data = data->next) {
        data_fini(data);
    }
    iv_ntfs_folders_fini(&state->folders);
    iv_arena_fini(&state->opened.arena);
    iv_arena_fini(&state->scratch);
}

/* The volume's own bitmap of clusters; NULL when it cannot be read. */
static const unsigned char *read_bitmap(struct iv_volume *volume)
{
    struct state *state = state_of(volume);
    struct iv_ntfs_why why;
    struct iv_ntfs_file file;
    struct iv_ntfs_stream stream;
    size_t size = (size_t)((state->ntfs.clusters + 7) / 8);
    unsigned char *bits = NULL;
    if (iv_ntfs_file_open(&state->ntfs, BITMAP, IV_NTFS_ANY_SEQUENCE, &state->scratch, &file,
                          &why) &&
        iv_ntfs_file_stream(&file, IV_NTFS_DATA, "", &state->scratch, &stream, &why) &&
        stream.size >= size) {
        bits = iv_arena_alloc(volume->arena, size);
        if (!iv_ntfs_stream_read(&stream, bits, size, 0)) {
            bits = NULL;
        }
    }
    iv_arena_fini(&state->scratch);
    return bits;
}

/* In bytes. The last clusters may end within a byte of the bitmap. */
static uint64_t count_used(const struct iv_ntfs *ntfs)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < ntfs->clusters / 8; i++) {
        count += (uint64_t)__builtin_popcount(ntfs->used[i]);
    }
    for (uint64_t i = ntfs->clusters / 8 * 8; i < ntfs->clusters; i++) {
        count += ntfs->used[i / 8] >> i % 8 & 1;
    }
    return count * ntfs->cluster_size;
}

static bool ntfs_open(struct iv_volume *volume, size_t image, struct iv_fault *ret_fault)
{
    (void)image;
    struct state *state = IV_NEW(volume->arena, struct state);
    struct iv_ntfs_why why;
    struct iv_ntfs_file root;
    volume->state = state;
    iv_arena_init(&state->scratch);
    iv_arena_init(&state->opened.arena);
    (void)iv_arena_alloc(&state->opened.arena, 1);
    state->opened.start = iv_arena_mark(&state->opened.arena);
    if (!iv_ntfs_boot(&volume->source, &state->ntfs, &why) ||
        !iv_ntfs_mft_open(&state->ntfs, volume->arena, &why) ||
        !iv_ntfs_file_open(&state->ntfs, ROOT, IV_NTFS_ANY_SEQUENCE, &state->scratch, &root,
                           &why)) {
        (void)iv_volume_trouble(volume, ret_fault, IV_FAULT_PARTITION,
                                "the NTFS boot sector, master file table or root is damaged: %s",
                                why.text);
        return false;
    }
    if (!root.is_directory) {
        (void)iv_volume_trouble(volume, ret_fault, IV_FAULT_PARTITION,
                                "the NTFS root is no directory");
        return false;
    }
    iv_arena_fini(&state->scratch);
    uint64_t records = state->ntfs.mft.size / state->ntfs.record_size;
    if (records / RECORDS_A_FILE > volume->limits->entries) {
        (void)iv_volume_trouble(volume, ret_fault, IV_FAULT_LIMIT,
                                "%llu records in the master file table are more than the limit of "
                                "%u times %llu",
                                (unsigned long long)records, RECORDS_A_FILE,
                                (unsigned long long)volume->limits->entries);
        return false;
    }
    state->ntfs.used = read_bitmap(volume);
    volume->used = state->ntfs.used != NULL ? count_used(&state->ntfs) : 0;
    return true;
}

/* ---- what a file is ---- */

/* Tag and length, then, for WOF, version, provider, version of the provider and algorithm. Another
 * version of the provider has an algorithm that is not known. */
static bool read_reparse(const struct iv_ntfs_file *file, struct iv_arena *arena,
                         struct traits *traits, struct iv_ntfs_why *why)
{
    struct iv_ntfs_stream stream;
    unsigned char head[24] = {0};
    if (!iv_ntfs_file_stream(file, IV_NTFS_REPARSE_POINT, "", arena, &stream, why)) {
        return false;
    }
    size_t size = stream.size < sizeof(head) ? (size_t)stream.size : sizeof(head);
    if (stream.size > REPARSE_MAX || size < 8 || !iv_ntfs_stream_read(&stream, head, size, 0)) {
        return iv_ntfs_fail(why, "its reparse point cannot be read");
    }
    struct iv_cursor c = iv_cursor(head, sizeof(head));
    traits->tag = iv_cursor_u32(&c);
    uint64_t length = iv_cursor_u16(&c);
    if ((traits->tag & TAG_MICROSOFT) != 0 && length + 8 != stream.size) {
        return iv_ntfs_fail(why, "its reparse point has another size than it says");
    }
    (void)iv_cursor_u16(&c);
    traits->version = iv_cursor_u32(&c);
    traits->provider = iv_cursor_u32(&c);
    uint32_t provider_version = iv_cursor_u32(&c);
    traits->algorithm = provider_version == 1 ? iv_cursor_u32(&c) : UINT32_MAX;
    return true;
}

/* False: what the attributes say does not fit together. */
static bool read_traits(const struct iv_ntfs_file *file, struct iv_arena *arena,
                        struct traits *ret_traits, struct iv_ntfs_why *why)
{
    struct traits traits = {.data = iv_ntfs_file_find(file, IV_NTFS_DATA, "")};
    const struct iv_ntfs_attribute *standard =
        iv_ntfs_file_find(file, IV_NTFS_STANDARD_INFORMATION, "");
    if (standard == NULL || !standard->is_resident || standard->value_size < 48) {
        return iv_ntfs_fail(why, "it has no standard information");
    }
    struct iv_cursor c = iv_cursor(standard->value, standard->value_size);
    c.at = 32;
    traits.flags = iv_cursor_u32(&c);
    traits.has_reparse = iv_ntfs_file_find(file, IV_NTFS_REPARSE_POINT, "") != NULL;
    if (traits.has_reparse != ((traits.flags & ATTRIBUTE_REPARSE) != 0)) {
        return iv_ntfs_fail(why, traits.has_reparse ? "it has a reparse point against its flags"
                                                    : "it has lost its reparse point");
    }
    if (file->is_directory != (iv_ntfs_file_find(file, IV_NTFS_INDEX_ROOT, I30) != NULL)) {
        return iv_ntfs_fail(why, file->is_directory ? "it is a directory without an index"
                                                    : "it is a file with an index");
    }
    if (traits.has_reparse && !read_reparse(file, arena, &traits, why)) {
        return false;
    }
    *ret_traits = traits;
    return true;
}

/* Whether the file says itself that it has this name, in this directory. */
static bool has_name(const struct iv_ntfs_file *file, const struct iv_ntfs_name *wanted)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct iv_ntfs_attribute *attribute = &file->attributes[i];
        struct iv_ntfs_name name;
        if (attribute->type == IV_NTFS_FILE_NAME && attribute->is_resident &&
            iv_ntfs_name_read(attribute->value, attribute->value_size, &name) && !name.is_short &&
            name.folder == wanted->folder && name.size == wanted->size &&
            memcmp(name.units, wanted->units, name.size) == 0) {
            return true;
        }
    }
    return false;
}

/* Opens the file with that reference, unless it is the one opened last: into state->opened. */
static bool open_entry(struct state *state, uint64_t number, uint32_t sequence,
                       struct iv_ntfs_why *why)
{
    struct opened *opened = &state->opened;
    if (opened->is_open && sequence != IV_NTFS_ANY_SEQUENCE &&
        opened->file.reference == IV_NTFS_REFERENCE(number, sequence)) {
        return true;
    }
    iv_arena_reset(&opened->arena, opened->start);
    opened->is_open =
        iv_ntfs_file_open(&state->ntfs, number, sequence, &opened->arena, &opened->file, why) &&
        read_traits(&opened->file, &opened->arena, &opened->traits, why);
    return opened->is_open;
}

/* `name`: as the directory has it, or NULL for the root. False: the file is damaged. */
static bool describe(struct state *state, uint64_t number, uint32_t sequence,
                     const struct iv_ntfs_name *name, struct iv_volume_node *ret_node,
                     struct iv_ntfs_why *why)
{
    if (!open_entry(state, number, sequence, why)) {
        return false;
    }
    const struct iv_ntfs_file *file = &state->opened.file;
    const struct traits *traits = &state->opened.traits;
    if (name != NULL && !has_name(file, name)) {
        return iv_ntfs_fail(why, "record %llu has not the name that its directory has",
                            (unsigned long long)number);
    }
    bool has_size = !file->is_directory && traits->data != NULL;
    uint64_t size = !has_size                   ? 0
                    : traits->data->is_resident ? traits->data->value_size
                                                : traits->data->size;
    *ret_node = (struct iv_volume_node){
        .is_directory = file->is_directory,
        .is_link = traits->has_reparse && (traits->tag & TAG_LEADS_ELSEWHERE) != 0,
        .size = size,
        .place = file->reference,
    };
    return true;
}

static enum iv_volume_outcome ntfs_root(struct iv_volume *volume, struct iv_volume_node *ret_node,
                                        struct iv_fault *ret_fault)
{
    struct iv_ntfs_why why;
    return describe(state_of(volume), ROOT, IV_NTFS_ANY_SEQUENCE, NULL, ret_node, &why)
               ? IV_VOLUME_FOUND
               : damaged_why(volume, ret_fault, "the root directory cannot be read", &why);
}

/* ---- directories ---- */

/* A directory at hand, or read now. */
static enum iv_volume_outcome get_folder(struct iv_volume *volume,
                                         const struct iv_volume_node *node,
                                         struct iv_ntfs_folder **ret_folder,
                                         struct iv_fault *ret_fault)
{
    return iv_ntfs_folder_get(volume, &state_of(volume)->ntfs, &state_of(volume)->folders,
                              node->place, ret_folder, ret_fault);
}

/* A name that is not in the index is absent only if the directory is whole. In a damaged one it may
 * be where nobody can read it, and "absent" would be a judgement about the file. */
static enum iv_volume_outcome ntfs_child(struct iv_volume *volume,
                                         const struct iv_volume_node *node, const char *name,
                                         struct iv_volume_node *ret_node,
                                         struct iv_fault *ret_fault)
{
    struct iv_ntfs_why why;
    struct iv_ntfs_folder *folder;
    enum iv_volume_outcome outcome = get_folder(volume, node, &folder, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    const struct iv_volume_node *entry = iv_volume_index_find(&folder->look_up, name);
    if (entry == NULL) {
        return iv_ntfs_folder_is_complete(volume, &state_of(volume)->folders, folder, ret_fault)
                   ? IV_VOLUME_ABSENT
                   : IV_VOLUME_TROUBLE;
    }
    const struct iv_ntfs_name *found = entry->info;
    return describe(state_of(volume), IV_NTFS_NUMBER(found->file), IV_NTFS_SEQUENCE(found->file),
                    found, ret_node, &why)
               ? IV_VOLUME_FOUND
               : damaged_record(volume, ret_fault, &why);
}

/* An entry whose record is damaged is what the directory says, so that reading it is what fails. */
static enum iv_volume_outcome ntfs_list(struct iv_volume *volume, const struct iv_volume_node *node,
                                        struct iv_arena *arena,
                                        struct iv_volume_entry **ret_entries, size_t *ret_count,
                                        struct iv_fault *ret_fault)
{
    struct iv_ntfs_why why;
    struct iv_ntfs_folder *folder;
    enum iv_volume_outcome outcome = get_folder(volume, node, &folder, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    if (!iv_ntfs_folder_is_complete(volume, &state_of(volume)->folders, folder, ret_fault)) {
        return IV_VOLUME_TROUBLE;
    }
    size_t count = folder->names.count;
    struct iv_volume_entry *entries = IV_NEW_ARRAY(arena, struct iv_volume_entry, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct iv_ntfs_name *name = &folder->names.items[i];
        struct iv_volume_node child;
        if (!describe(state_of(volume), IV_NTFS_NUMBER(name->file), IV_NTFS_SEQUENCE(name->file),
                      name, &child, &why)) {
            child = (struct iv_volume_node){.is_directory = name->is_directory};
        }
        entries[i] = (struct iv_volume_entry){
            .name = iv_volume_name_utf16(arena, name->units, name->size),
            .is_directory = child.is_directory,
            .is_link = child.is_link,
            .size = child.size,
        };
    }
    *ret_entries = entries;
    *ret_count = count;
    return IV_VOLUME_FOUND;
}

/* ---- data ---- */

/* Refuses what would come back as something else than the file. */
static enum iv_volume_outcome check_data(const struct iv_volume *volume,
                                         const struct traits *traits, struct iv_fault *ret_fault)
{
    if ((traits->flags & ATTRIBUTE_ENCRYPTED) != 0 ||
        (traits->data != NULL && (traits->data->flags & IV_NTFS_ENCRYPTED) != 0)) {
        return damaged(volume, ret_fault, "it is encrypted");
    }
    if ((traits->flags & ATTRIBUTE_OFFLINE) != 0) {
        return damaged(volume, ret_fault, "it is offline: its content lies elsewhere");
    }
    if (traits->data == NULL) {
        return damaged(volume, ret_fault, "it has no data attribute");
    }
    if (traits->has_reparse && traits->tag != TAG_WOF) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE,
                                 "it has a reparse point of the unknown kind 0x%08X", traits->tag);
    }
    if (traits->has_reparse && (traits->version != 1 || traits->provider != WOF_PROVIDER_FILE)) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE,
                                 "it is compact by the unknown provider %u, version %u: its "
                                 "content may lie elsewhere",
                                 traits->provider, traits->version);
    }
    if (traits->has_reparse && traits->algorithm >= WOF_ALGORITHMS) {
        return damaged(volume, ret_fault, "it is compressed in a way that is not known");
    }
    return IV_VOLUME_FOUND;
}

static bool read_stream(const void *context, void *bytes, size_t size, uint64_t offset)
{
    /* Buffers and positions move inside: not const, and not shared with anybody. */
    return iv_ntfs_stream_read((struct iv_ntfs_stream *)(uintptr_t)context, bytes, size, offset);
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
    struct iv_source source = {
        .size = data->stream.size,
        .context = &data->stream,
        .read = read_stream,
    };
    data->is_compact = true;
    return iv_chunked_open(&source, size, forms[algorithm].chunk, forms[algorithm].packing,
                           &data->chunked);
}

static bool read_data(const void *context, void *bytes, size_t size, uint64_t offset)
{
    struct data *data = (struct data *)(uintptr_t)context; /* as above */
    return data->is_compact ? iv_chunked_read(&data->chunked, bytes, size, offset)
                            : iv_ntfs_stream_read(&data->stream, bytes, size, offset);
}

/* `data` is empty, and does not move afterwards; data_fini() is for the caller. The file and what
 * is opened of it live in `arena`, or the file longer. */
static enum iv_volume_outcome open_data(struct iv_volume *volume, const struct iv_volume_node *node,
                                        const struct opened *opened, struct iv_arena *arena,
                                        struct data *data, struct iv_fault *ret_fault)
{
    const struct iv_ntfs_file *file = &opened->file;
    const struct traits *traits = &opened->traits;
    struct iv_ntfs_why why;
    enum iv_volume_outcome outcome = check_data(volume, traits, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    if (!iv_ntfs_file_stream(file, IV_NTFS_DATA, "", arena, &data->stream, &why)) {
        return damaged_why(volume, ret_fault, "its data are damaged", &why);
    }
    if (data->stream.size != node->size) {
        return damaged(volume, ret_fault, "its size has changed since it was listed");
    }
    if (!traits->has_reparse) {
        return outcome;
    }
    if (!iv_ntfs_file_stream(file, IV_NTFS_DATA, WOF_STREAM, arena, &data->stream, &why)) {
        return damaged_why(volume, ret_fault, "it is compressed, and its chunks are not there",
                           &why);
    }
    return open_compact(data, node->size, traits->algorithm)
               ? outcome
               : damaged(volume, ret_fault, "it is compressed, and its chunks are not there");
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static enum iv_volume_outcome cannot_read(const struct iv_volume *volume,
                                          struct iv_fault *ret_fault)
{
    return damaged(volume, ret_fault, "its data cannot be read: a damaged run or chunk");
}

static enum iv_volume_outcome read_all(struct iv_volume *volume, const struct iv_volume_node *node,
                                       unsigned char *bytes, struct iv_fault *ret_fault)
{
    struct data data IV_CLEANUP(data_fini) = {0};
    struct state *state = state_of(volume);
    struct iv_ntfs_why why;
    if (!open_entry(state, IV_NTFS_NUMBER(node->place), IV_NTFS_SEQUENCE(node->place), &why)) {
        return damaged_record(volume, ret_fault, &why);
    }
    enum iv_volume_outcome outcome =
        open_data(volume, node, &state->opened, &state->scratch, &data, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    size_t size = (size_t)node->size;
    if (!read_data(&data, bytes, size, 0)) {
        return cannot_read(volume, ret_fault);
    }
    if (data.is_compact && size > 0 && is_zero(bytes, size)) {
        return damaged(volume, ret_fault, "it is compressed and reads as zeros");
    }
    return outcome;
}

static enum iv_volume_outcome ntfs_read(struct iv_volume *volume, const struct iv_volume_node *node,
                                        void *bytes, struct iv_fault *ret_fault)
{
    struct iv_arena *arena = &state_of(volume)->scratch;
    struct iv_arena_mark mark = iv_arena_mark(arena);
    enum iv_volume_outcome outcome = read_all(volume, node, bytes, ret_fault);
    iv_arena_reset(arena, mark);
    return outcome;
}

/* A compact file that reads as zeros, chunk by chunk, up to the first that does not. */
static enum iv_volume_outcome check_zeros(const struct iv_volume *volume, struct data *data,
                                          struct iv_fault *ret_fault)
{
    unsigned char piece[4096]; /* in every size of chunk */
    for (uint64_t at = 0; at < data->chunked.size; at += sizeof(piece)) {
        uint64_t left = data->chunked.size - at;
        size_t size = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        if (!iv_chunked_read(&data->chunked, piece, size, at)) {
            return cannot_read(volume, ret_fault);
        }
        if (!is_zero(piece, size)) {
            return IV_VOLUME_FOUND;
        }
    }
    return data->chunked.size == 0
               ? IV_VOLUME_FOUND
               : damaged(volume, ret_fault, "it is compressed and reads as zeros");
}

static enum iv_volume_outcome ntfs_file(struct iv_volume *volume, struct iv_volume_node *node,
                                        struct iv_arena *arena, struct iv_source *ret_source,
                                        struct iv_fault *ret_fault)
{
    (void)arena; /* closing the volume gives the file back, so it lives in the volume's */
    struct state *state = state_of(volume);
    struct data *data = IV_NEW(volume->arena, struct data);
    struct iv_ntfs_why why;
    struct opened opened = {0};
    if (!iv_ntfs_file_open(&state->ntfs, IV_NTFS_NUMBER(node->place), IV_NTFS_SEQUENCE(node->place),
                           volume->arena, &opened.file, &why) ||
        !read_traits(&opened.file, volume->arena, &opened.traits, &why)) {
        return damaged_record(volume, ret_fault, &why);
    }
    enum iv_volume_outcome outcome =
        open_data(volume, node, &opened, volume->arena, data, ret_fault);
    if (outcome == IV_VOLUME_FOUND && data->is_compact) {
        outcome = check_zeros(volume, data, ret_fault);
    }
    if (outcome != IV_VOLUME_FOUND) {
        data_fini(data);
        return outcome;
    }
    data->next = state->files;
    state->files = data;
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
};
