/*
 * Which files are containers: two tables, one of first bytes and one of names.
 *
 * A container may hold a submission, packages or metadata, and most are not read. They are known so
 * that they can be reported: a folder with a tar archive in it is not one without packages. By name
 * where only names are looked at (the walk of a directory), by bytes where the user named the file.
 */
#include "imgval/input/container.h"

#include "imgval/base/attr.h"
#include "imgval/base/text.h"

#include <string.h>

struct magic {
    size_t at;
    const char *bytes;
    size_t size;
    const char *what;
};

#define MAGIC(at, bytes, what)                                                                     \
    {                                                                                              \
        (at), (bytes), sizeof(bytes) - 1, (what)                                                   \
    }

/* An empty zip begins with its end record, one of several parts with a mark of its own. */
static const struct magic magics[] = {
    MAGIC(0, "PK\003\004", "a zip archive"),
    MAGIC(0, "PK\005\006", "a zip archive"),
    MAGIC(0, "PK\007\010", "a zip archive"),
    MAGIC(0, "7z\274\257\047\034", "a 7-Zip archive"),
    MAGIC(0, "Rar!\032\007", "a RAR archive"),
    MAGIC(0, "\037\213", "a gzip file"),
    MAGIC(0,
          "\375"
          "7zXZ",
          "an xz file"),
    MAGIC(0, "\050\265\057\375", "a Zstandard file"),
    MAGIC(0, "BZh", "a bzip2 file"),
    MAGIC(257, "ustar", "a tar archive"),
};

const char *iv_container_of(const void *head, size_t size)
{
    for (size_t i = 0; i < IV_COUNT(magics); i++) {
        const struct magic *m = &magics[i];
        if (size >= m->at + m->size && memcmp((const char *)head + m->at, m->bytes, m->size) == 0) {
            return m->what;
        }
    }
    return NULL;
}

bool iv_container_is_name(const char *name)
{
    static const char *const extensions[] = {
        ".zip", ".7z",  ".rar", ".tar", ".tgz",  ".tbz2", ".txz",   ".tzst",
        ".esd", ".swm", ".iso", ".img", ".vmdk", ".vdi",  ".qcow2", ".secwim",
    };
    for (size_t i = 0; i < IV_COUNT(extensions); i++) {
        if (iv_ascii_isuffix(name, extensions[i])) {
            return true;
        }
    }
    return false;
}

/* The name of what is compressed by itself: OEMInput.xml of OEMInput.xml.gz. NULL: the name says no
 * such thing. */
const char *iv_container_inner(struct iv_arena *arena, const char *name)
{
    static const char *const extensions[] = {".gz", ".xz", ".bz2", ".zst", ".lzma", ".lz4"};
    for (size_t i = 0; i < IV_COUNT(extensions); i++) {
        if (iv_ascii_isuffix(name, extensions[i])) {
            return iv_arena_strndup(arena, name, strlen(name) - strlen(extensions[i]));
        }
    }
    return NULL;
}
