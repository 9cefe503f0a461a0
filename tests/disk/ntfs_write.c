#include "ntfs_write.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
/* in this order: they lean on each other */
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/logging.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/types.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>
#include <wimlib.h>

#define WOF_TAG 0x80000017u
#define JUNCTION_TAG 0xA0000003u
#define SYMLINK_TAG 0xA000000Cu
#define PIECE 65536 /* a compression unit of LZNT1, and the grain of holes */

static const struct {
    uint32_t algorithm; /* FILE_PROVIDER_COMPRESSION_... */
    enum wimlib_compression_type type;
    size_t chunk;
} wof_forms[] = {
    [NTFS_XPRESS4K] = {0, WIMLIB_COMPRESSION_TYPE_XPRESS, 4096},
    [NTFS_XPRESS8K] = {2, WIMLIB_COMPRESSION_TYPE_XPRESS, 8192},
    [NTFS_XPRESS16K] = {3, WIMLIB_COMPRESSION_TYPE_XPRESS, 16384},
    [NTFS_LZX] = {1, WIMLIB_COMPRESSION_TYPE_LZX, 32768},
};

struct writer {
    ntfs_volume *volume;
    enum ntfs_form form;
};

__attribute__((format(printf, 1, 2))) static bool complain(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("mkvolume: ", stderr);
    vfprintf(stderr, fmt, args);
    fprintf(stderr, ": %s\n", strerror(errno));
    va_end(args);
    return false;
}

static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    if (file == NULL || fstat(fileno(file), &st) != 0) {
        complain("%s", path);
        return NULL;
    }
    size_t size = (size_t)st.st_size;
    char *bytes = malloc(size + 1);
    if (bytes == NULL || fread(bytes, 1, size, file) != size) {
        complain("%s", path);
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    *ret_size = size;
    return bytes;
}

static bool is_zero(const char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* ---- data ---- */

static bool write_pieces(struct writer *writer, ntfs_attr *data, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size; at += PIECE) {
        size_t here = size - at < PIECE ? size - at : PIECE;
        if (writer->form == NTFS_SPARSE && is_zero(bytes + at, here)) {
            continue;
        }
        if (ntfs_attr_pwrite(data, (s64)at, (s64)here, bytes + at) != (s64)here) {
            return false;
        }
    }
    return data->data_size >= (s64)size || ntfs_attr_truncate(data, (s64)size) == 0;
}

/*
 * The data of one run in reverse order of clusters, each a run of its own, on the same place: as
 * many runs as clusters, whatever the allocator thinks of it.
 */
static bool scatter(struct writer *writer, ntfs_attr *data, const char *bytes, size_t size)
{
    s64 cluster = writer->volume->cluster_size;
    if (!NAttrNonResident(data) || ntfs_attr_map_whole_runlist(data) != 0 ||
        data->rl[1].length != 0) {
        return true; /* resident, or in pieces already */
    }
    s64 count = data->rl[0].length;
    runlist_element *runs = calloc((size_t)count + 1, sizeof(*runs));
    char *buffer = calloc(1, (size_t)cluster);
    bool is_fine = runs != NULL && buffer != NULL;
    for (s64 i = 0; i < count && is_fine; i++) {
        runs[i] = (runlist_element){
            .vcn = i,
            .lcn = data->rl[0].lcn + count - 1 - i,
            .length = 1,
        };
        size_t at = (size_t)(i * cluster);
        size_t here = at >= size ? 0 : size - at < (size_t)cluster ? size - at : (size_t)cluster;
        memset(buffer, 0, (size_t)cluster);
        memcpy(buffer, bytes + at, here);
        is_fine =
            ntfs_pwrite(writer->volume->dev, runs[i].lcn * cluster, cluster, buffer) == cluster;
    }
    free(buffer);
    if (!is_fine) {
        free(runs);
        return false;
    }
    runs[count] = (runlist_element){.vcn = count, .lcn = LCN_ENOENT};
    free(data->rl);
    data->rl = runs;
    return ntfs_attr_update_mapping_pairs(data, 0) == 0;
}

static bool write_data(struct writer *writer, ntfs_inode *inode, const char *bytes, size_t size)
{
    if (writer->form == NTFS_LZNT1) {
        inode->flags |= FILE_ATTR_COMPRESSED; /* empty data take it over when they are opened */
        NInoFileNameSetDirty(inode);
    }
    ntfs_attr *data = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
    if (data == NULL) {
        return complain("opening the data");
    }
    bool is_fine = write_pieces(writer, data, bytes, size) &&
                   (writer->form != NTFS_FRAGMENTS || scatter(writer, data, bytes, size));
    if (writer->form == NTFS_LZNT1 && is_fine && ntfs_attr_pclose(data) != 0) {
        is_fine = false;
    }
    ntfs_attr_close(data);
    return is_fine || complain("writing %zu bytes", size);
}

/* What the stream WofCompressedData holds: a table of ends of chunks, then the chunks. */
static char *wof_compress(enum ntfs_form form, const char *bytes, size_t size, size_t *ret_size)
{
    size_t chunk = wof_forms[form].chunk;
    size_t count = (size + chunk - 1) / chunk;
    size_t table = 4 * (count - 1);
    char *out = malloc(table + size);
    struct wimlib_compressor *compressor = NULL;
    if (out == NULL || wimlib_create_compressor(wof_forms[form].type, chunk, 0, &compressor) != 0) {
        free(out);
        return NULL;
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t here = i + 1 < count ? chunk : size - i * chunk;
        size_t got =
            wimlib_compress(bytes + i * chunk, here, out + table + at, here - 1, compressor);
        if (got == 0) { /* does not shrink: stored */
            memcpy(out + table + at, bytes + i * chunk, here);
            got = here;
        }
        at += got;
        for (size_t byte = 0; i + 1 < count && byte < 4; byte++) {
            out[4 * i + byte] = (char)(at >> 8 * byte);
        }
    }
    wimlib_free_compressor(compressor);
    *ret_size = table + at;
    return out;
}

static bool add_stream(ntfs_inode *inode, const char *name, const void *bytes, size_t size)
{
    ntfschar *wide = NULL;
    int length = ntfs_mbstoucs(name, &wide);
    bool is_fine =
        length > 0 && ntfs_attr_add(inode, AT_DATA, wide, (u8)length, bytes, (s64)size) == 0;
    free(wide);
    return is_fine || complain("stream %s", name);
}

static bool set_reparse(ntfs_inode *inode, uint32_t tag, const void *bytes, size_t size)
{
    char value[16384] = {0};
    if (size > sizeof(value) - 8) {
        errno = E2BIG;
        return complain("reparse point");
    }
    for (size_t i = 0; i < 4; i++) {
        value[i] = (char)(tag >> 8 * i);
    }
    value[4] = (char)(size & 255);
    value[5] = (char)(size >> 8);
    memcpy(value + 8, bytes, size);
    return ntfs_set_ntfs_reparse_data(inode, value, size + 8, 0) == 0 || complain("reparse point");
}

/* False with *ret_done unchanged: does not shrink. */
static bool write_wof(struct writer *writer, ntfs_inode *inode, const char *bytes, size_t size,
                      bool *ret_fine)
{
    size_t packed = 0;
    char *data = size < 4096 ? NULL : wof_compress(writer->form, bytes, size, &packed);
    if (data == NULL || packed >= size) {
        free(data);
        return false;
    }
    ntfs_attr *holes = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
    *ret_fine = holes != NULL && ntfs_attr_truncate(holes, (s64)size) == 0;
    if (holes != NULL) {
        ntfs_attr_close(holes);
    }
    const char info[16] = {
        [0] = 1, [4] = 2, [8] = 1, [12] = (char)wof_forms[writer->form].algorithm};
    *ret_fine = *ret_fine && add_stream(inode, "WofCompressedData", data, packed) &&
                set_reparse(inode, WOF_TAG, info, sizeof(info));
    free(data);
    return true;
}

/* ---- the tree ---- */

static ntfs_inode *create(ntfs_inode *folder, const char *name, mode_t type)
{
    ntfschar *wide = NULL;
    int length = ntfs_mbstoucs(name, &wide);
    ntfs_inode *inode = length > 0 && length < 256
                            ? ntfs_create(folder, const_cpu_to_le32(0), wide, (u8)length, type)
                            : NULL;
    free(wide);
    if (inode == NULL) {
        complain("creating %s", name);
    }
    return inode;
}

static bool write_file(struct writer *writer, ntfs_inode *folder, const char *name,
                       const char *path)
{
    size_t size;
    char *bytes = read_file(path, &size);
    ntfs_inode *inode = bytes != NULL ? create(folder, name, S_IFREG) : NULL;
    bool is_fine = inode != NULL;
    if (is_fine &&
        (writer->form < NTFS_XPRESS4K || !write_wof(writer, inode, bytes, size, &is_fine))) {
        is_fine = write_data(writer, inode, bytes, size);
    }
    if (inode != NULL && ntfs_inode_close_in_dir(inode, folder) != 0) {
        is_fine = complain("closing %s", path);
    }
    free(bytes);
    return is_fine;
}

/* A junction or symbolic link to `target`; both names the same. */
static bool write_link(ntfs_inode *folder, const char *name, const char *path)
{
    char target[512];
    ssize_t length = readlink(path, target, sizeof(target));
    bool is_junction = length > 0 && target[0] == '/';
    ntfs_inode *inode = length > 0 && length < (ssize_t)sizeof(target)
                            ? create(folder, name, is_junction ? S_IFDIR : S_IFREG)
                            : NULL;
    if (inode == NULL) {
        return false;
    }
    char data[20 + 4 * sizeof(target)] = {0};
    size_t names = is_junction ? 8 : 12; /* a symbolic link has four bytes of flags */
    size_t bytes = 2 * (size_t)length;
    size_t gap = is_junction ? 2 : 0; /* a junction's names end in a NUL */
    data[2] = (char)(bytes & 255);
    data[3] = (char)(bytes >> 8);
    data[4] = (char)((bytes + gap) & 255);
    data[5] = (char)((bytes + gap) >> 8);
    data[6] = data[2];
    data[7] = data[3];
    data[8] = is_junction ? 0 : 1; /* relative */
    for (size_t i = 0; i < (size_t)length; i++) {
        data[names + 2 * i] = target[i];
        data[names + bytes + gap + 2 * i] = target[i];
    }
    bool is_fine = set_reparse(inode, is_junction ? JUNCTION_TAG : SYMLINK_TAG, data,
                               names + 2 * (bytes + gap));
    return ntfs_inode_close_in_dir(inode, folder) == 0 && is_fine;
}

static bool write_folder(struct writer *writer, ntfs_inode *folder, const char *path, int depth);

static bool write_entry(struct writer *writer, ntfs_inode *folder, const char *parent,
                        const char *name, int depth)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", parent, name);
    if (lstat(path, &st) != 0) {
        return complain("%s", path);
    }
    if (S_ISLNK(st.st_mode)) {
        return write_link(folder, name, path);
    }
    if (!S_ISDIR(st.st_mode)) {
        return write_file(writer, folder, name, path);
    }
    ntfs_inode *inode = create(folder, name, S_IFDIR);
    bool is_fine = inode != NULL && write_folder(writer, inode, path, depth + 1);
    return inode != NULL && ntfs_inode_close_in_dir(inode, folder) == 0 && is_fine;
}

static bool write_folder(struct writer *writer, ntfs_inode *folder, const char *path, int depth)
{
    struct dirent **names;
    int count = depth < 64 ? scandir(path, &names, NULL, alphasort) : -1;
    if (count < 0) {
        return complain("%s", path);
    }
    bool is_fine = true;
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        if (is_fine && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            is_fine = write_entry(writer, folder, path, name, depth);
        }
        free(names[i]);
    }
    free(names);
    return is_fine;
}

/* Closes the inode. */
static bool add_name(ntfs_volume *volume, ntfs_inode *inode, const struct ntfs_extra *extra)
{
    const char *slash = strrchr(extra->path, '/');
    char parent[4096];
    snprintf(parent, sizeof(parent), "%.*s", slash != NULL ? (int)(slash - extra->path) : 0,
             extra->path);
    ntfs_inode *folder = slash != NULL ? ntfs_pathname_to_inode(volume, NULL, parent)
                                       : ntfs_inode_open(volume, FILE_root);
    if (folder == NULL) {
        (void)ntfs_inode_close(inode);
        return complain("%s", parent);
    }
    if (extra->what == EXTRA_SHORT) { /* closes both */
        return ntfs_set_ntfs_dos_name(inode, folder, extra->name, strlen(extra->name), 0) == 0 ||
               complain("the short name %s", extra->name);
    }
    ntfschar *wide = NULL;
    int length = ntfs_mbstoucs(extra->name, &wide);
    bool is_fine = length > 0 && ntfs_link(inode, folder, wide, (u8)length) == 0;
    free(wide);
    return ntfs_inode_close_in_dir(inode, folder) == 0 && ntfs_inode_close(folder) == 0 && is_fine;
}

static bool write_extra(ntfs_volume *volume, const struct ntfs_extra *extra)
{
    ntfs_inode *inode = ntfs_pathname_to_inode(volume, NULL, extra->path);
    if (inode == NULL) {
        return complain("%s", extra->path);
    }
    if (extra->what == EXTRA_LINK || extra->what == EXTRA_SHORT) {
        return add_name(volume, inode, extra);
    }
    bool is_fine = true;
    switch (extra->what) {
    case EXTRA_ATTRIBUTES:
        inode->flags |= cpu_to_le32(extra->value);
        ntfs_inode_mark_dirty(inode);
        NInoFileNameSetDirty(inode);
        break;
    case EXTRA_REPARSE:
        (void)ntfs_remove_ntfs_reparse_data(inode);
        is_fine = set_reparse(inode, extra->value, extra->data, extra->size);
        break;
    case EXTRA_STREAM:
        is_fine = add_stream(inode, extra->name, extra->data, extra->size);
        break;
    case EXTRA_LINK:
    case EXTRA_SHORT:
        break; /* above */
    }
    return ntfs_inode_close(inode) == 0 && is_fine;
}

static bool write_volume(struct writer *writer, const char *tree, const struct ntfs_extra *extras,
                         size_t extra_count)
{
    ntfs_inode *root = ntfs_inode_open(writer->volume, FILE_root);
    if (root == NULL) {
        return complain("the root directory");
    }
    bool is_fine = write_folder(writer, root, tree, 0);
    is_fine = ntfs_inode_close(root) == 0 && is_fine;
    for (size_t i = 0; i < extra_count && is_fine; i++) {
        is_fine = write_extra(writer->volume, &extras[i]);
    }
    return is_fine;
}

bool ntfs_write(const char *image, const char *tree, enum ntfs_form form,
                const struct ntfs_extra *extras, size_t extra_count)
{
    ntfs_log_set_handler(ntfs_log_handler_null);
    ntfs_set_char_encoding("C.UTF-8");
    struct writer writer = {.volume = ntfs_mount(image, 0), .form = form};
    if (writer.volume == NULL) {
        return complain("%s", image);
    }
    NVolSetCompression(writer.volume);
    bool is_fine = write_volume(&writer, tree, extras, extra_count);
    return (ntfs_umount(writer.volume, FALSE) == 0 || complain("closing %s", image)) && is_fine;
}
