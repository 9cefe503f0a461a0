/* Payload: a sorted list of folded paths. A package may list cabinets among its files; one that
 * lies extracted beside its manifest then has the name of a package and is none of the set. First
 * all paths are added, then sorted once, then asked for. */
#include "imgval/model/payload.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths are folded as file systems of Windows take them, since manifests and folders seldom agree
 * in case. */
void iv_payload_add(struct iv_payload *payload, const struct iv_package *packages, size_t count,
                    struct iv_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < packages[i].payload_package_count; k++) {
            char *path =
                iv_arena_printf(arena, "%s/%s", packages[i].path, packages[i].payload_packages[k]);
            for (char *c = path; *c != '\0'; c++) {
                *c = iv_ascii_lower(*c);
            }
            payload->paths = iv_arena_grow(arena, payload->paths, payload->count,
                                           &payload->capacity, sizeof(*payload->paths));
            payload->paths[payload->count++] = path;
        }
    }
}

void iv_payload_finish(struct iv_payload *payload)
{
    iv_sort(payload->paths, payload->count, sizeof(*payload->paths), compare_strings);
}

/* The folded path is scratch: the arena is as before when this returns. */
bool iv_payload_has(const struct iv_payload *payload, const char *path, struct iv_arena *arena)
{
    if (payload->count == 0) {
        return false;
    }
    struct iv_arena_mark mark = iv_arena_mark(arena);
    const char *folded = iv_ascii_fold(arena, path);
    bool found = bsearch(&folded, payload->paths, payload->count, sizeof(*payload->paths),
                         compare_strings) != NULL;
    iv_arena_reset(arena, mark);
    return found;
}
