/*
 * The list of an archive's members, from the reader process that parses its directory to the parent
 * and to the readers of single members, which inherit it.
 *
 * The list goes through a pipe as a record of its own form (encode, decode). The process that wrote
 * it has parsed hostile bytes, so the parent checks what it builds on: paths that stay in the tree,
 * sorted, each once; places within the file. What else the list says, the archive could have said.
 */
#include "imgval/input/archive.h"

#include "imgval/base/cursor.h"
#include "imgval/base/look.h"
#include "imgval/base/process.h"
#include "imgval/base/text.h"
#include "imgval/input/archive_list.h"
#include "imgval/input/tar.h"
#include "imgval/input/zip.h"
#include "imgval/model/package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Links that lead to links. */
#define LINKS_MAX 40

/* What a record has at most: a member is its path and some numbers. */
#define RECORD_MAX (1024 * IV_MIB)

/* By content, but for names of packages and manifests: what is called one and is a zip is a damaged
 * package. */
bool iv_archive_is(const char *path, const void *head, size_t size)
{
    return (iv_zip_is(head, size) || iv_tar_is(head, size)) && !iv_package_is_file_name(path) &&
           !iv_ascii_isuffix(path, ".mum") && !iv_ascii_isuffix(path, ".dsm.xml");
}

bool iv_archive_look(const char *path, bool *ret_is, struct iv_error *err)
{
    struct iv_status st;
    char head[512];
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &st);
    *ret_is = false;
    if (fd < 0) {
        return iv_error_open(err, path);
    }
    if (st.type != IV_FILE_REGULAR) {
        return true;
    }
    int64_t got = iv_file_read_at(fd, head, sizeof(head), 0);
    if (got < 0) {
        return iv_error_errno(err, "%s", path);
    }
    *ret_is = iv_archive_is(path, head, (size_t)got);
    return true;
}

bool iv_archive_is_name(const char *name)
{
    return iv_ascii_isuffix(name, ".zip") || iv_ascii_isuffix(name, ".tar");
}

/* The file that stands where the path needs a folder. */
static bool find_file_above(const char *path, struct iv_buf *ret_file)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        struct iv_status st;
        iv_buf_clear(ret_file);
        iv_buf_add(ret_file, path, (size_t)(slash - path));
        if (ret_file->size > 0 && iv_look_at(iv_buf_text(ret_file), &st) == IV_LOOK_FOUND &&
            st.type == IV_FILE_REGULAR) {
            return true;
        }
    }
    return false;
}

bool iv_archive_error_open(struct iv_error *err, const char *path)
{
    const int number = errno;
    struct iv_buf file IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_error unused = {0};
    bool is_archive = false;
    if ((number != ENOTDIR && number != ENOENT) || !find_file_above(path, &file)) {
        errno = number;
        return iv_error_open(err, path);
    }
    if (!iv_archive_look(iv_buf_text(&file), &is_archive, &unused) || !is_archive) {
        return iv_error_set(err, IV_ERROR_NO_INPUT, "%s: no such path: %s is a file", path,
                            iv_buf_text(&file));
    }
    return iv_error_set(err, IV_ERROR_NO_INPUT,
                        "%s: a member of an archive cannot be named: name the archive itself, %s, "
                        "or unpack it and name the file or folder",
                        path, iv_buf_text(&file));
}

/* ----------------------------------------------------------------------------------- the record */

/* Eight bytes, little-endian, for every number: the record is read once, by this same file. */
static void put_number(struct iv_buf *buf, uint64_t value)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
    iv_buf_add(buf, bytes, sizeof(bytes));
}

/* A text and its NUL; of NULL, the NUL alone. */
static void put_text(struct iv_buf *buf, const char *text)
{
    iv_buf_puts(buf, text == NULL ? "" : text);
    iv_buf_putc(buf, '\0');
}

void iv_archive_encode(const struct iv_archive *archive, struct iv_buf *buf)
{
    put_number(buf, archive->is_read ? 1 : 0);
    put_number(buf, archive->fault_count);
    for (size_t i = 0; i < archive->fault_count; i++) {
        put_number(buf, archive->faults[i].kind);
        put_text(buf, archive->faults[i].detail);
    }
    put_number(buf, archive->is_read ? archive->count : 0);
    for (size_t i = 0; archive->is_read && i < archive->count; i++) {
        const struct iv_archived *member = &archive->members[i];
        put_text(buf, member->path);
        put_text(buf, member->target);
        put_text(buf, member->detail);
        put_number(buf, member->type);
        put_number(buf, member->fault);
        put_number(buf, member->place.at);
        put_number(buf, member->place.packed);
        put_number(buf, member->place.size);
        put_number(buf, member->place.crc);
        put_number(buf, (member->place.is_deflated ? 1 : 0) | (member->place.has_crc ? 2 : 0));
    }
}

/* Numbers of a member, and the three NULs of its texts: the least that one takes. */
#define MEMBER_LEAST (7 * 8 + 3)
#define FAULT_LEAST (8 + 1)

/* NULL for an empty one, as put_text() wrote it. */
static const char *take_text(struct iv_cursor *c, struct iv_arena *arena)
{
    size_t left = iv_cursor_left(c);
    const unsigned char *end = left == 0 ? NULL : memchr(c->bytes + c->at, '\0', left);
    if (end == NULL) {
        c->failed = true;
        return NULL;
    }
    size_t length = (size_t)(end - (c->bytes + c->at));
    const unsigned char *text = iv_cursor_take(c, length + 1);
    return text == NULL || length == 0 ? NULL : iv_arena_strndup(arena, (const char *)text, length);
}

/* Every number has a bound that the file itself sets. */
static bool take_number(struct iv_cursor *c, uint64_t max, uint64_t *ret_value)
{
    *ret_value = iv_cursor_u64(c);
    return !c->failed && *ret_value <= max;
}

/* Whether a path has no part that is empty, "." or "..". */
static bool is_plain_path(const char *path)
{
    for (const char *part = path;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
        part += length;
        if (*part == '\0') {
            return true;
        }
    }
}

/* What lies in the file lies within it; what is stored is as long as it is packed; what cannot be
 * read says why. */
static bool take_member(struct iv_cursor *c, uint64_t size, struct iv_arena *arena,
                        struct iv_archived *ret_member)
{
    uint64_t type;
    uint64_t fault;
    uint64_t crc;
    uint64_t flags;
    struct iv_archived member = {.path = take_text(c, arena)};
    member.target = take_text(c, arena);
    member.detail = take_text(c, arena);
    bool good = take_number(c, IV_FILE_OTHER, &type) &&
                take_number(c, IV_FAULT_KINDS - 1, &fault) &&
                take_number(c, size, &member.place.at) &&
                take_number(c, size - member.place.at, &member.place.packed) &&
                take_number(c, INT64_MAX, &member.place.size) && take_number(c, UINT32_MAX, &crc) &&
                take_number(c, 3, &flags);
    if (!good || member.path == NULL || !is_plain_path(member.path)) {
        return false;
    }
    member.type = (enum iv_file_type)type;
    member.fault = (enum iv_fault_kind)fault;
    if (member.detail == NULL && (fault != IV_FAULT_NONE || type == IV_FILE_OTHER)) {
        return false;
    }
    member.place.crc = (uint32_t)crc;
    member.place.is_deflated = (flags & 1) != 0;
    member.place.has_crc = (flags & 2) != 0;
    *ret_member = member;
    return member.place.is_deflated || fault != IV_FAULT_NONE ||
           member.place.size == member.place.packed;
}

/* Strictly ascending paths are what look-ups go by, so they are checked rather than made. */
bool iv_archive_decode(const void *bytes, size_t bytes_size, struct iv_arena *arena,
                       struct iv_archive *archive)
{
    struct iv_cursor c = iv_cursor(bytes, bytes_size);
    const uint64_t size = archive->before.size;
    uint64_t is_read;
    uint64_t count;
    if (!take_number(&c, 1, &is_read) ||
        !take_number(&c, iv_cursor_left(&c) / FAULT_LEAST, &count)) {
        return false;
    }
    archive->faults = IV_NEW_ARRAY(arena, struct iv_fault, count);
    for (; archive->fault_count < count; archive->fault_count++) {
        uint64_t kind;
        if (!take_number(&c, IV_FAULT_KINDS - 1, &kind) || kind == IV_FAULT_NONE) {
            return false;
        }
        const char *detail = take_text(&c, arena);
        archive->faults[archive->fault_count] = (struct iv_fault){
            .kind = (enum iv_fault_kind)kind, .detail = detail == NULL ? "" : detail};
    }
    if (!take_number(&c, iv_cursor_left(&c) / MEMBER_LEAST, &count)) {
        return false;
    }
    archive->members = IV_NEW_ARRAY(arena, struct iv_archived, count);
    for (size_t i = 0; i < count; i++) {
        if (!take_member(&c, size, arena, &archive->members[i]) ||
            (i > 0 && strcmp(archive->members[i - 1].path, archive->members[i].path) >= 0)) {
            return false;
        }
    }
    archive->count = (size_t)count;
    archive->is_read = is_read != 0;
    return iv_cursor_left(&c) == 0 && (archive->is_read || archive->fault_count > 0);
}

/* ------------------------------------------------------------------------------------- opening */

struct opening {
    struct iv_archive *archive;
    const struct iv_limits *limits;
    struct iv_arena *arena;
};

/* The charge of a reader that begins by exec: the file and the limits are all that it needs. */
static const char charge_text[] = "archive";

/* In a reader process. */
static void read_list(void *context, size_t slot, struct iv_buf *record)
{
    const struct opening *opening = context;
    (void)slot;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_archive_list list = {.arena = &arena, .limits = opening->limits};
    const struct iv_archive *archive = opening->archive;
    unsigned char head[512];
    int64_t got = iv_file_read_at(archive->fd, head, sizeof(head), 0);
    (got > 0 && iv_tar_is(head, (size_t)got) ? iv_tar_list : iv_zip_list)(
        archive->fd, archive->before.size, &list);
    if (list.archive.is_read) {
        iv_archive_list_finish(&list);
    }
    iv_archive_encode(&list.archive, record);
}

/* In the parent. */
static void take_list(void *context, size_t slot, const char *lost, const void *record, size_t size)
{
    const struct opening *opening = context;
    struct iv_archive *archive = opening->archive;
    (void)slot;
    struct iv_archive taken = {.fd = archive->fd, .before = archive->before};
    if (lost == NULL && iv_archive_decode(record, size, opening->arena, &taken)) {
        *archive = taken;
        return;
    }
    archive->faults = IV_NEW(opening->arena, struct iv_fault);
    archive->faults[archive->fault_count++] = (struct iv_fault){
        .kind = IV_FAULT_READER_DIED,
        .detail = lost != NULL ? iv_arena_strdup(opening->arena, lost)
                               : "its answer is not one that this file can have",
    };
}

bool iv_archive_open(int fd, const struct iv_archive_options *options, struct iv_arena *arena,
                     struct iv_archive **ret_archive, struct iv_containment *ret_containment,
                     struct iv_error *err)
{
    struct iv_archive *archive = IV_NEW(arena, struct iv_archive);
    archive->fd = fd;
    if (!iv_file_status(fd, &archive->before)) {
        return iv_error_errno(err, "an archive");
    }
    struct opening opening = {.archive = archive, .limits = options->limits, .arena = arena};
    struct iv_buf charge IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&charge, charge_text);
    bool by_exec = options->by_exec || !iv_process_can_fork();
    const struct iv_workers_options workers = {
        .jobs = options->jobs == 0 ? 0 : 1,
        .limits = options->limits,
        .record_max = RECORD_MAX,
        .files = &fd,
        .file_count = 1,
        .require_sandbox = options->require_sandbox,
        .charge = by_exec ? &charge : NULL,
        .by_exec = by_exec,
    };
    const struct iv_workers_job job = {.count = 1,
                                       .work = read_list,
                                       .work_context = &opening,
                                       .result = take_list,
                                       .result_context = &opening};
    if (!iv_workers_run(&workers, &job, ret_containment, err)) {
        return false;
    }
    *ret_archive = archive;
    return true;
}

bool iv_archive_serve(const struct iv_workers_charge *charge)
{
    struct iv_archive archive = {.fd = -1};
    struct opening opening = {.archive = &archive, .limits = charge->options.limits};
    if (charge->size != strlen(charge_text) ||
        memcmp(charge->bytes, charge_text, charge->size) != 0 || charge->options.file_count != 1) {
        return false;
    }
    archive.fd = charge->options.files[0];
    if (iv_file_status(archive.fd, &archive.before)) {
        iv_workers_serve(charge, read_list, &opening);
    }
    return true;
}

bool iv_archive_is_same(const struct iv_archive *archive)
{
    struct iv_status now;
    const struct iv_status *before = &archive->before;
    return iv_file_status(archive->fd, &now) && now.size == before->size &&
           now.mtime == before->mtime && now.mtime_ns == before->mtime_ns &&
           now.ctime == before->ctime && now.ctime_ns == before->ctime_ns;
}

/* ------------------------------------------------------------------------------------- looking up
 */

/* The place of a path, or of the first member after it. */
static size_t lower_bound(const struct iv_archive *archive, const char *path)
{
    size_t low = 0;
    size_t high = archive->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(archive->members[middle].path, path) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct iv_archived *find_exact(const struct iv_archive *archive, const char *path)
{
    size_t at = lower_bound(archive, path);
    return at < archive->count && strcmp(archive->members[at].path, path) == 0
               ? &archive->members[at]
               : NULL;
}

/* "a/./b//../c" -> "a/c". NULL: it leads out of the tree. */
static char *resolve(struct iv_arena *arena, const char *path)
{
    char *plain = iv_arena_alloc_text(arena, strlen(path) + 2);
    size_t used = 0;
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            if (used == 0) {
                return NULL;
            }
            while (used > 0 && plain[--used] != '/') {
            }
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            if (used > 0) {
                plain[used++] = '/';
            }
            memcpy(plain + used, path, length);
            used += length;
        }
        path += length + (path[length] == '/' ? 1 : 0);
    }
    plain[used] = '\0';
    return plain;
}

const struct iv_archived *iv_archive_find(const struct iv_archive *archive, const char *path,
                                          struct iv_arena *scratch)
{
    struct iv_arena_mark mark = iv_arena_mark(scratch);
    const char *plain = *path == '/' ? NULL : resolve(scratch, path);
    const struct iv_archived *found = plain == NULL ? NULL : find_exact(archive, plain);
    iv_arena_reset(scratch, mark);
    return found;
}

/* Whether a way through the tree goes through a link before its end: what ".." means after that
 * depends on where the link leads. */
static bool goes_through_link(const struct iv_archive *archive, const char *path,
                              struct iv_arena *scratch)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const char *plain =
            resolve(scratch, iv_arena_strndup(scratch, path, (size_t)(slash - path)));
        const struct iv_archived *found = plain == NULL ? NULL : find_exact(archive, plain);
        if (found != NULL && found->type == IV_FILE_LINK) {
            return true;
        }
    }
    return false;
}

bool iv_archive_leads_out(const struct iv_archive *archive, const struct iv_archived *link,
                          struct iv_arena *scratch)
{
    for (int i = 0; i < LINKS_MAX; i++) {
        if (link->target == NULL || link->target[0] == '/') {
            return true;
        }
        const char *slash = strrchr(link->path, '/');
        int folder = slash == NULL ? 0 : (int)(slash - link->path) + 1;
        const char *way = iv_arena_printf(scratch, "%.*s%s", folder, link->path, link->target);
        const char *path = resolve(scratch, way);
        if (path == NULL || goes_through_link(archive, way, scratch)) {
            return true;
        }
        const struct iv_archived *found = find_exact(archive, path);
        if (found == NULL || found->type != IV_FILE_LINK) {
            return false; /* it is met under its own name, or leads to nothing */
        }
        link = found;
    }
    return false; /* a circle: nothing */
}

/* --------------------------------------------------------------------------------------- walking
 */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static size_t count_slashes(const char *path)
{
    size_t count = 0;
    for (; *path != '\0'; path++) {
        count += *path == '/' ? 1 : 0;
    }
    return count;
}

/* Once, as the walk of a directory says it. */
static void add_too_deep(const char *path, const struct iv_limits *limits, struct iv_arena *arena,
                         struct iv_walk *walk)
{
    walk->troubles = IV_NEW(arena, struct iv_walk_trouble);
    walk->trouble_count = 1;
    walk->troubles[0] = (struct iv_walk_trouble){
        .path = path,
        .is_limit = true,
        .detail = iv_arena_printf(arena,
                                  "directories nest deeper than %llu levels; what is below was not "
                                  "read",
                                  (unsigned long long)limits->directory_depth),
    };
}

/* The same walk as iv_walk() makes on disk: since members are sorted, a folder is a run of them. */
void iv_archive_walk(const struct iv_archive *archive, const struct iv_tree_search *search,
                     struct iv_arena *arena, struct iv_walk *ret_walk)
{
    const char *folder = resolve(arena, search->folder);
    struct iv_walk walk = {0};
    size_t capacity = 0;
    size_t prefix = folder == NULL || *folder == '\0' ? 0 : strlen(folder) + 1;
    const char *start = prefix == 0 ? "" : iv_arena_printf(arena, "%s/", folder);
    for (size_t i = lower_bound(archive, start); folder != NULL && i < archive->count; i++) {
        const struct iv_archived *member = &archive->members[i];
        if (strncmp(member->path, start, prefix) != 0) {
            break;
        }
        const char *path = member->path + prefix;
        size_t depth = count_slashes(path);
        if (depth == search->limits->directory_depth && member->type == IV_FILE_DIRECTORY &&
            walk.trouble_count == 0) {
            add_too_deep(path, search->limits, arena, &walk);
        }
        if (depth <= search->limits->directory_depth &&
            search->want(search->context, path, last_part(path), member->type)) {
            walk.entries =
                iv_arena_grow(arena, walk.entries, walk.count, &capacity, sizeof(*walk.entries));
            walk.entries[walk.count++] = (struct iv_entry){.path = path, .type = member->type};
        }
    }
    *ret_walk = walk;
}
