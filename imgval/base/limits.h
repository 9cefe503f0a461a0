/*
 * limits.h: every cap in one struct, with its default and the reason for it.
 *
 * A limit that is hit is named in a finding (IMG005) and is never a pass.
 * IV_LIMIT_ROWS is the table that the manual page and --help print from.
 */
#ifndef IMGVAL_BASE_LIMITS_H
#define IMGVAL_BASE_LIMITS_H

#include <stdint.h>

#define IV_KIB UINT64_C(1024)
#define IV_MIB (UINT64_C(1024) * IV_KIB)
#define IV_GIB (UINT64_C(1024) * IV_MIB)

/* member, name in messages and the manual, default, unit, reason */
#define IV_LIMIT_ROWS(X)                                                                           \
    X(manifest_size, "manifest", 8 * IV_MIB, "bytes", "the largest real manifest is 204 KB")       \
    X(metadata_size, "metadata file", 64 * IV_MIB, "bytes",                                        \
      "an UpdateHistory.xml holds about 1 KB for each package and event")                          \
    X(xml_depth, "XML depth", 64, "levels", "real manifests nest nine deep")                       \
    X(xml_attributes, "XML attributes in a tag", 256, "attributes",                                \
      "parsers need more than quadratic time for them")                                            \
    X(xml_tag_size, "XML tag", 64 * IV_KIB, "bytes", "as above")                                   \
    X(member_name, "cabinet member name", 1024, "bytes", "the format itself stops at 256")         \
    X(members, "cabinet members", 65535, "members", "the format's own bound")                      \
    X(folders, "cabinet folders", 4096, "folders", "real cabinets have one")                       \
    X(inflated, "inflated data of a cabinet", 4 * IV_GIB, "bytes",                                 \
      "a small cabinet can inflate without end")                                                   \
    X(cabinet_size, "cabinet", 4 * IV_GIB, "bytes", "sizes in the format have 32 bits")            \
    X(archive_unpacked, "files of an archive together", 64 * IV_GIB, "bytes",                      \
      "unpacked; a small archive can inflate without end")                                         \
    X(archive_ratio, "size of a file to its size in an archive", 250, "times",                     \
      "of files of over 64 MiB; what holds something deflates less")                               \
    X(directory_depth, "directory depth", 64, "levels", "no real tree is deeper than ten")         \
    X(entries, "directory entries", 1000000, "entries", "a whole package store has fewer")         \
    X(packages, "packages in a submission", 500000, "packages", "a real image has some hundreds")  \
    X(package_text, "one name or value of a package", 1 * IV_KIB, "bytes",                         \
      "the format stops at 64 characters for most")                                                \
    X(facts_kept, "what is kept of all packages", 1 * IV_GIB, "bytes",                             \
      "shared out evenly; a real package has about 1 KB")                                          \
    X(image_files, "files read in an image", 1 * IV_GIB, "bytes",                                  \
      "the manifests of a real image have some 20 MB")                                             \
    X(volumes, "file systems read in an image", 64, "volumes", "a real image has fewer than ten")  \
    X(report_text, "one value in a report", 4 * IV_KIB, "bytes",                                   \
      "reports stay readable whatever the input holds")                                            \
    X(reader_seconds, "time for one file", 60, "seconds", "a reader that hangs is replaced")       \
    X(reader_memory, "memory of a reader process", 1 * IV_GIB, "bytes",                            \
      "address space; a reader that needs more is replaced")

struct iv_limits {
#define IV_LIMIT_MEMBER(member, name, value, unit, reason) uint64_t member;
    IV_LIMIT_ROWS(IV_LIMIT_MEMBER)
#undef IV_LIMIT_MEMBER
};

static inline struct iv_limits iv_limits_default(void)
{
    return (struct iv_limits){
#define IV_LIMIT_DEFAULT(member, name, value, unit, reason) .member = (value),
        IV_LIMIT_ROWS(IV_LIMIT_DEFAULT)
#undef IV_LIMIT_DEFAULT
    };
}

#endif
