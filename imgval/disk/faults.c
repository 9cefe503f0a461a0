/*
 * The list of faults of one image. It grows by doubling in the arena and keeps no capacity: a count
 * that is a power of two means that the room is used up. Faults of a kind beyond
 * IV_FAULTS_OF_A_KIND are only counted, and iv_faults_finish() says so in the last one kept.
 */
#include "imgval/disk/faults.h"

#include "imgval/base/buf.h"
#include "imgval/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* Bytes of one input value that a fault shows. */
#define SHOWN_SIZE 120

bool iv_faults_add(struct iv_faults *faults, enum iv_fault_kind kind, const char *member,
                   const char *fmt, ...)
{
    if (faults->seen[kind]++ >= IV_FAULTS_OF_A_KIND) {
        return false;
    }
    size_t count = faults->count;
    if ((count & (count - 1)) == 0) { /* capacity is the next power of two */
        struct iv_fault *bigger =
            IV_NEW_ARRAY(faults->arena, struct iv_fault, count == 0 ? 1 : count * 2);
        if (count > 0) {
            memcpy(bigger, faults->items, count * sizeof(*bigger));
        }
        faults->items = bigger;
    }
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&buf, fmt, args);
    va_end(args);
    faults->items[faults->count++] = (struct iv_fault){
        .kind = kind,
        .path = faults->path,
        .member = iv_arena_strdup(faults->arena, member),
        .detail = iv_arena_strdup(faults->arena, iv_buf_text(&buf)),
    };
    return false;
}

void iv_faults_finish(struct iv_faults *faults)
{
    for (size_t i = faults->count; i-- > 0;) {
        struct iv_fault *fault = &faults->items[i];
        size_t seen = faults->seen[fault->kind];
        if (seen > IV_FAULTS_OF_A_KIND) {
            fault->detail = iv_arena_printf(faults->arena, "%s; %zu more of this kind follow",
                                            fault->detail, seen - IV_FAULTS_OF_A_KIND);
            faults->seen[fault->kind] = IV_FAULTS_OF_A_KIND;
        }
    }
}

/*
 * Kinds that blame the content of the file. When the file could not be read, they may be a result
 * of that and are taken back.
 */
static bool is_damage(enum iv_fault_kind kind)
{
    return kind == IV_FAULT_FFU_HEADER || kind == IV_FAULT_HASH_TABLE || kind == IV_FAULT_CATALOG ||
           kind == IV_FAULT_TRAILING || kind == IV_FAULT_TRUNCATED || kind == IV_FAULT_TABLE;
}

void iv_faults_unread(struct iv_faults *faults, const struct iv_source_trouble *trouble)
{
    size_t kept = 0;
    for (size_t i = 0; i < faults->count; i++) {
        if (!is_damage(faults->items[i].kind)) {
            faults->items[kept++] = faults->items[i];
        }
    }
    /* Room stays, and so does the rule that a count which is a power of two means none. */
    struct iv_fault *items = IV_NEW_ARRAY(faults->arena, struct iv_fault, kept * 2 + 1);
    for (size_t i = 0; i < kept; i++) {
        items[i] = faults->items[i];
    }
    faults->items = items;
    faults->count = kept;
    const char *text = trouble->error == IV_SOURCE_SHORTER
                           ? "the file became shorter while it was read"
                           : iv_errno_text(trouble->error);
    (void)iv_faults_add(faults, IV_FAULT_UNREADABLE, NULL,
                        "%s, at byte %llu; what was not read is not judged", text,
                        (unsigned long long)trouble->offset);
}

const char *iv_faults_shown(struct iv_arena *arena, const char *text)
{
    size_t size = strlen(text);
    bool cut = size > SHOWN_SIZE;
    if (cut) {
        size = SHOWN_SIZE;
        while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80) {
            size--; /* not inside a character */
        }
    }
    char *shown = iv_arena_printf(arena, "%.*s%s", (int)size, text, cut ? "..." : "");
    for (char *p = shown; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F) {
            *p = '?';
        }
    }
    return shown;
}
