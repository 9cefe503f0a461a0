/*
 * Files of the input, whatever they lie in: each function here has two halves, one for the file
 * system and one for an archive, so that no reader has any.
 */
#include "imgval/input/opened.h"

#include "imgval/base/text.h"
#include "imgval/input/archive.h"
#include "imgval/input/packed.h"

#include <errno.h>
#include <string.h>

static void set_errno(struct iv_fault *ret_fault, enum iv_fault_kind kind, int error)
{
    *ret_fault = (struct iv_fault){.kind = kind, .detail = iv_errno_text(error)};
}

void iv_opened_close(struct iv_opened *file)
{
    iv_packed_close(&file->packed);
    if (file->is_owned) {
        iv_fd_close(&file->fd);
        file->is_owned = false;
    }
}

/* ------------------------------------------------------------------------------------- reading */

/* As iv_file_read_at(); a deflated member is inflated as far as it must be. */
int64_t iv_opened_read_at(const struct iv_opened *file, void *bytes, size_t size, uint64_t offset,
                          struct iv_fault *ret_fault)
{
    if (file->packed != NULL) {
        return iv_packed_read_at(file->packed, bytes, size, offset, ret_fault);
    }
    int64_t got = iv_file_read_at(file->fd, bytes, size, offset);
    if (got < 0) {
        set_errno(ret_fault, IV_FAULT_UNREADABLE, errno);
    }
    return got;
}

/* The checksum is compared before the bytes are used. */
static bool read_packed(const struct iv_opened *file, uint64_t max, struct iv_buf *buf,
                        struct iv_fault *ret_fault)
{
    if (file->size > max) {
        set_errno(ret_fault, IV_FAULT_LIMIT, EFBIG);
        return false;
    }
    char *place = iv_buf_reserve(buf, (size_t)file->size);
    if (iv_packed_read_at(file->packed, place, (size_t)file->size, 0, ret_fault) < 0 ||
        !iv_packed_check(file->packed, ret_fault)) {
        return false;
    }
    buf->size += (size_t)file->size;
    buf->data[buf->size] = '\0';
    return true;
}

bool iv_opened_read_all(const struct iv_opened *file, uint64_t max, struct iv_buf *buf,
                        struct iv_fault *ret_fault)
{
    if (file->packed != NULL) {
        return read_packed(file, max, buf, ret_fault);
    }
    if (iv_file_read_all(file->fd, max, buf)) {
        return true;
    }
    set_errno(ret_fault, errno == EFBIG ? IV_FAULT_LIMIT : IV_FAULT_UNREADABLE, errno);
    return false;
}

/* Of a member that was read in pieces: whether they were what the archive says. Files on disk have
 * no checksum. */
bool iv_opened_check(const struct iv_opened *file, struct iv_fault *ret_fault)
{
    return file->packed == NULL || iv_packed_check(file->packed, ret_fault);
}

/* -------------------------------------------------------------------------------------- opening */

/* EXDEV is the answer for a path that would leave the tree: there is no such file in it. */
static enum iv_look open_file(const struct iv_tree *root, const char *path,
                              struct iv_opened *ret_file, struct iv_fault *ret_fault)
{
    enum iv_file_type type = IV_FILE_REGULAR;
    uint64_t size = 0;
    int fd = iv_file_open_at(root->directory, path, &type, &size);
    if (fd >= 0) {
        *ret_file = (struct iv_opened){.fd = fd, .is_owned = true, .size = size};
        return IV_LOOK_FOUND;
    }
    bool is_absent = errno == ENOENT || errno == ENOTDIR || errno == EXDEV;
    set_errno(ret_fault, type == IV_FILE_REGULAR ? IV_FAULT_UNREADABLE : IV_FAULT_NOT_REGULAR,
              errno);
    return is_absent ? IV_LOOK_ABSENT : IV_LOOK_TROUBLE;
}

/* The archive must still be the file that was listed: places in it mean nothing otherwise. */
static enum iv_look open_member(const struct iv_archive *archive, const char *path,
                                struct iv_arena *scratch, struct iv_opened *ret_file,
                                struct iv_fault *ret_fault)
{
    const struct iv_archived *member = iv_archive_find(archive, path, scratch);
    if (member == NULL) {
        set_errno(ret_fault, IV_FAULT_UNREADABLE, ENOENT);
        return IV_LOOK_ABSENT;
    }
    if (member->fault != IV_FAULT_NONE) {
        *ret_fault = (struct iv_fault){.kind = member->fault, .detail = member->detail};
        return IV_LOOK_TROUBLE;
    }
    if (member->type != IV_FILE_REGULAR) {
        set_errno(ret_fault, IV_FAULT_NOT_REGULAR, member->type == IV_FILE_LINK ? ELOOP : EINVAL);
        return IV_LOOK_TROUBLE;
    }
    if (!iv_archive_is_same(archive)) {
        *ret_fault = (struct iv_fault){.kind = IV_FAULT_UNREADABLE,
                                       .detail = "the archive changed during the scan"};
        return IV_LOOK_TROUBLE;
    }
    *ret_file = (struct iv_opened){
        .fd = -1,
        .size = member->place.size,
        .packed = iv_packed_open(archive->fd, &member->place),
    };
    return IV_LOOK_FOUND;
}

enum iv_look iv_tree_open(const struct iv_tree *root, const char *path, struct iv_arena *scratch,
                          struct iv_opened *ret_file, struct iv_fault *ret_fault)
{
    return root->archive != NULL ? open_member(root->archive, path, scratch, ret_file, ret_fault)
                                 : open_file(root, path, ret_file, ret_fault);
}

enum iv_look iv_tree_size(const struct iv_tree *root, const char *path, uint64_t *ret_size)
{
    if (root->archive != NULL) {
        struct iv_arena scratch IV_CLEANUP(iv_arena_fini) = {0};
        const struct iv_archived *member = iv_archive_find(root->archive, path, &scratch);
        *ret_size = member == NULL ? 0 : member->place.size;
        return member == NULL ? IV_LOOK_ABSENT : IV_LOOK_FOUND;
    }
    struct iv_status st;
    enum iv_look look = iv_look_beneath(root->directory, path, &st);
    *ret_size = look == IV_LOOK_FOUND ? st.size : 0;
    return look;
}

/* Paths are relative to the folder of the search in both halves. */
bool iv_tree_walk(const struct iv_tree *root, const struct iv_tree_search *search,
                  struct iv_arena *arena, struct iv_walk *ret_walk, struct iv_fault *ret_fault)
{
    if (root->archive != NULL) {
        iv_archive_walk(root->archive, search, arena, ret_walk);
        return true;
    }
    int folder IV_CLEANUP(iv_fd_close) =
        *search->folder == '\0' ? -1 : iv_file_open_folder(root->directory, search->folder);
    if (*search->folder != '\0' && folder < 0) {
        set_errno(ret_fault, IV_FAULT_UNREADABLE, errno);
        return false;
    }
    iv_walk(folder < 0 ? root->directory : folder, search->limits, search->want, search->context,
            arena, ret_walk);
    return true;
}
