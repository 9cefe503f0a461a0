/* The kinds of submission: one row a kind; the array of names is made from the same rows, so that
 * words, phrases and extensions cannot part. */
#include "imgval/model/kinds.h"

#include "imgval/base/text.h"

/* ROW(kind, name, phrase, what, is_image, is_loose, extensions) */
#define ROWS(ROW)                                                                                  \
    ROW(DIRECTORY, "directory", "directory", "a directory", false, true, {NULL})                   \
    ROW(PACKAGE, "package", "single package", "a package", false, true, {NULL})                    \
    ROW(FFU, "ffu", "FFU", "an FFU image", true, false, {".ffu"})                                  \
    ROW(VHD, "vhd", "VHD", "a virtual hard disk", true, false, EXTENSIONS(".vhd", ".vhdx"))        \
    ROW(WIM, "wim", "WIM", "a WIM image", true, false, {".wim"})                                   \
    ROW(RECORD, "record", "recorded submission", "a recorded submission", false, false, {NULL})

#define EXTENSIONS(...)                                                                            \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define INFO(kind, the_name, the_phrase, the_what, image, loose, ...)                              \
    [IV_KIND_##kind] = {.name = (the_name),                                                        \
                        .phrase = (the_phrase),                                                    \
                        .what = (the_what),                                                        \
                        .is_image = (image),                                                       \
                        .is_loose = (loose),                                                       \
                        .extension = __VA_ARGS__},
#define NAME(kind, the_name, ...) [IV_KIND_##kind] = (the_name),

const struct iv_kind_info iv_kinds[IV_KIND_COUNT] = {ROWS(INFO)};
const char *const iv_kind_names[] = {ROWS(NAME)[IV_KIND_COUNT] = NULL};

#define ONE(...) +1
_Static_assert(0 ROWS(ONE) == IV_KIND_COUNT, "a row for each kind");

/* By its name alone, which is how a directory's images are found; the reader then goes by content.
 * IV_KIND_COUNT: no image. */
enum iv_kind iv_kind_of_image_name(const char *name)
{
    for (size_t i = 0; i < IV_KIND_COUNT; i++) {
        for (size_t k = 0; k < 2; k++) {
            const char *extension = iv_kinds[i].extension[k];
            if (extension != NULL && iv_ascii_isuffix(name, extension)) {
                return (enum iv_kind)i;
            }
        }
    }
    return IV_KIND_COUNT;
}
