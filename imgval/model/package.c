/*
 * A package's name and key, and sets of packages.
 *
 * The key is what packages are compared by, from version to version and between submissions, so it
 * must come out the same however the package was delivered: a cabinet has its file name without
 * extensions, a folder or an installed package the name that its manifest gives,
 * an entry of an update history its identity. Where that source says nothing the place does: folder
 * or manifest name. The key is the name folded.
 *
 * Sets are arrays sorted by key, each key once. The superset test is a merge of two of them.
 */
#include "imgval/model/package.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

enum extension_kind { EXTENSION_CANONICAL, EXTENSION_REMOVAL, EXTENSION_DIFF };

struct extension {
    const char *text;
    enum extension_kind kind;
    bool wraps; /* may stand after another one: the update servers' second suffix is .cab */
};

/* Of packages on a build machine and of what the update servers make of them: imgval-formats(5),
 * Cabinets. */
static const struct extension extensions[] = {
    {.text = ".spkg", .kind = EXTENSION_CANONICAL, .wraps = false},
    {.text = ".spkr", .kind = EXTENSION_REMOVAL, .wraps = false},
    {.text = ".spku", .kind = EXTENSION_DIFF, .wraps = false},
    {.text = ".cab", .kind = EXTENSION_CANONICAL, .wraps = true},
    {.text = ".cbsr", .kind = EXTENSION_REMOVAL, .wraps = false},
    {.text = ".cbsu", .kind = EXTENSION_DIFF, .wraps = false},
};

/*
 * What the update servers put before their .cab: x.KIND_<40 hex>.cab. The canonical kind of CBS is
 * .cbs there; .cab is what nobody has seen, and what else it could mean.
 */
static const struct extension server_kinds[] = {
    {.text = ".spkg", .kind = EXTENSION_CANONICAL}, {.text = ".spkr", .kind = EXTENSION_REMOVAL},
    {.text = ".spku", .kind = EXTENSION_DIFF},      {.text = ".cbs", .kind = EXTENSION_CANONICAL},
    {.text = ".cbsr", .kind = EXTENSION_REMOVAL},   {.text = ".cbsu", .kind = EXTENSION_DIFF},
    {.text = ".cab", .kind = EXTENSION_CANONICAL},
};

/* Hexadecimal digits in the names of the update servers' files. */
#define DIGEST_LENGTH ((size_t)40)

/* Whether the first `length` bytes of `name` end in `suffix`, folded. */
static bool has_suffix(const char *name, size_t length, const char *suffix)
{
    size_t size = strlen(suffix);
    if (length < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (iv_ascii_lower(name[length - size + i]) != suffix[i]) {
            return false;
        }
    }
    return true;
}

/* The row whose text the first `length` bytes of `name` end in, or NULL. */
static const struct extension *find_at_end(const struct extension *rows, size_t count,
                                           const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (has_suffix(name, length, rows[i].text)) {
            return &rows[i];
        }
    }
    return NULL;
}

static const struct extension *extension_at_end(const char *name, size_t length)
{
    return find_at_end(extensions, IV_COUNT(extensions), name, length);
}

/* The kind before a digest at the end of the name, or NULL; the digest is taken off `length`. */
static const struct extension *server_kind_at_end(const char *name, size_t *length)
{
    if (*length <= DIGEST_LENGTH + 1 || name[*length - DIGEST_LENGTH - 1] != '_') {
        return NULL;
    }
    for (size_t i = *length - DIGEST_LENGTH; i < *length; i++) {
        char c = iv_ascii_lower(name[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return NULL;
        }
    }
    size_t rest = *length - DIGEST_LENGTH - 1;
    const struct extension *kind = find_at_end(server_kinds, IV_COUNT(server_kinds), name, rest);
    *length = kind != NULL ? rest : *length;
    return kind;
}

/*
 * Takes package extensions off the end: one, and before a .cab those that it wraps. Another one
 * before e.g. .spkg is a part of the name: "Spkr" is how people abbreviate a speaker. `ret_kinds`
 * gets a bit for each kind of extension that was seen. Something of the name is always left.
 */
static size_t without_extensions(const char *name, size_t length, unsigned *ret_kinds)
{
    *ret_kinds = 0;
    const struct extension *found = extension_at_end(name, length);
    while (found != NULL) {
        *ret_kinds |= 1U << found->kind;
        if (length == strlen(found->text)) {
            break;
        }
        length -= strlen(found->text);
        if (!found->wraps) {
            break;
        }
        found = server_kind_at_end(name, &length);
        if (found == NULL) {
            found = extension_at_end(name, length);
        }
    }
    return length;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A name that starts with '~' is not cut there: a key is never empty for a file that has a name. */
static size_t before_tilde(const char *name, size_t length)
{
    const char *tilde = length > 1 ? memchr(name + 1, '~', length - 1) : NULL;
    return tilde != NULL ? (size_t)(tilde - name) : length;
}

char *iv_package_stem(struct iv_arena *arena, const char *file_name)
{
    const char *name = last_part(file_name);
    unsigned kinds;
    size_t length = before_tilde(name, strlen(name));
    length = without_extensions(name, length, &kinds);
    return iv_arena_strndup(arena, name, length);
}

/* A bit for each kind of extension of a file name; 0: it is no package's. */
static unsigned extension_kinds(const char *file_name)
{
    unsigned kinds;
    const char *name = last_part(file_name);
    without_extensions(name, strlen(name), &kinds);
    return kinds;
}

bool iv_package_is_file_name(const char *file_name)
{
    return extension_kinds(file_name) != 0;
}

bool iv_package_is_removal_name(const char *file_name)
{
    return (extension_kinds(file_name) & (1U << EXTENSION_REMOVAL)) != 0;
}

bool iv_package_is_diff_name(const char *file_name)
{
    return (extension_kinds(file_name) & (1U << EXTENSION_DIFF)) != 0;
}

static bool is_said(const char *text)
{
    return text != NULL && *text != '\0';
}

/* A language that is said and is no word for "all of them". */
static bool has_culture(const struct iv_package *package)
{
    return is_said(package->culture) && !iv_ascii_ieq(package->culture, "neutral") &&
           !iv_ascii_ieq(package->culture, "*");
}

/* The parts as one text; by hand, since every package of an image gets a name so. */
static char *joined(struct iv_arena *arena, const char *const *parts, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++) {
        size += strlen(parts[i]);
    }
    char *text = iv_arena_alloc_text(arena, size);
    char *place = text;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(parts[i]);
        memcpy(place, parts[i], length);
        place += length;
    }
    *place = '\0';
    return text;
}

/* Owner.Component[.SubComponent] and the mark of a satellite, as PkgGen names a package's file
 * (imgval-formats(5), Keys). A CBS component may carry the language in its name already. */
char *iv_package_composed_name(struct iv_arena *arena, const struct iv_package *package)
{
    if (!is_said(package->owner) || !is_said(package->component)) {
        return NULL;
    }
    bool sub = is_said(package->sub_component);
    const char *mark = "";
    const char *satellite = "";
    if (package->style == IV_STYLE_CBS &&
        iv_ascii_ifind(sub ? package->sub_component : package->component, "_lang_") != NULL) {
        /* said already */
    } else if (has_culture(package)) {
        mark = "_Lang_";
        satellite = package->culture;
    } else if (is_said(package->resolution)) {
        mark = "_Res_";
        satellite = package->resolution;
    }
    const char *const parts[] = {package->owner,
                                 ".",
                                 package->component,
                                 sub ? "." : "",
                                 sub ? package->sub_component : "",
                                 mark,
                                 satellite};
    return joined(arena, parts, IV_COUNT(parts));
}

/* A removal package of CBS is named after what it removes: the identity that its <recall> names,
 * else its own without the suffix that the builder adds. */
static const char *recalled_name(struct iv_arena *arena, const struct iv_package *package)
{
    static const char suffix[] = ".recall";
    if (is_said(package->recalled_name)) {
        return package->recalled_name;
    }
    const char *name = package->identity_name;
    size_t length = strlen(name);
    return length >= sizeof(suffix) && has_suffix(name, length, suffix)
               ? iv_arena_strndup(arena, name, length - (sizeof(suffix) - 1))
               : name;
}

/*
 * The name that the manifest gives, or NULL. Of update.mum the identity's name, never
 * package@identifier: many packages share one there (a support number such as KB777778).
 */
static const char *manifest_name(struct iv_arena *arena, const struct iv_package *package)
{
    if (package->style != IV_STYLE_CBS) {
        const char *composed = iv_package_composed_name(arena, package);
        if (composed != NULL || package->style == IV_STYLE_SPKG) {
            return composed;
        }
    }
    if (!is_said(package->identity_name)) {
        return NULL;
    }
    return package->removal ? recalled_name(arena, package) : package->identity_name;
}

/* The name of a manifest file: <name>.dsm.xml, <name>~<token>~<arch>~<lang>~<version>.mum; NULL for
 * the fixed names of manifests in packages and for other files. */
static const char *manifest_stem(struct iv_arena *arena, const char *file)
{
    if (iv_ascii_ieq(file, "man.dsm.xml") || iv_ascii_ieq(file, "update.mum")) {
        return NULL;
    }
    static const char *const suffixes[] = {".dsm.xml", ".mum"};
    for (size_t i = 0; i < IV_COUNT(suffixes); i++) {
        size_t length = strlen(file);
        if (length > strlen(suffixes[i]) && has_suffix(file, length, suffixes[i])) {
            length -= strlen(suffixes[i]);
            return iv_arena_strndup(arena, file, before_tilde(file, length));
        }
    }
    return NULL;
}

/* What the place says where the manifest does not: the folder's name without package extensions, or
 * the manifest's own file name. `file_name` is the path of the folder or of the manifest in it. */
static const char *place_name(struct iv_arena *arena, const char *file_name)
{
    size_t length = strlen(file_name);
    while (length > 1 && file_name[length - 1] == '/') {
        length--;
    }
    const char *path = iv_arena_strndup(arena, file_name, length);
    const char *file = last_part(path);
    const char *stem = manifest_stem(arena, file);
    if (stem != NULL) {
        return stem;
    }
    bool fixed = iv_ascii_ieq(file, "man.dsm.xml") || iv_ascii_ieq(file, "update.mum");
    if (fixed && file > path + 1) {
        path = iv_arena_strndup(arena, path, (size_t)(file - path) - 1);
    }
    if (has_suffix(path, strlen(path), ".zip") || has_suffix(path, strlen(path), ".tar")) {
        /* it stands for the folder that it holds */
        path = iv_arena_strndup(arena, path, strlen(path) - strlen(".zip"));
    }
    return iv_package_stem(arena, path);
}

/*
 * What the path of a history's entry says: the package file, the folder of an update.mum, or an
 * installed <identity>.mum. NULL for what names no package: updates stage packages as 138.cab, and
 * the same number is another package in the next update.
 */
static const char *staged_name(struct iv_arena *arena, const char *file_name)
{
    char *path = iv_arena_strdup(arena, file_name);
    for (char *c = path; *c != '\0'; c++) {
        *c = *c == '\\' ? '/' : *c;
    }
    const char *name = place_name(arena, path);
    bool is_number = name[strspn(name, "0123456789")] == '\0';
    return is_number || iv_ascii_ieq(name, "update") || iv_ascii_ieq(name, "update.mum") ||
                   iv_ascii_ieq(name, "man.dsm.xml")
               ? NULL
               : name;
}

/* A history was written on a device, whose paths say little: the identity, whatever the place;
 * PackageIdentity and place only where it is missing. */
static const char *history_name(struct iv_arena *arena, const struct iv_package *package,
                                const char *file_name)
{
    const char *name = iv_package_composed_name(arena, package);
    if (name == NULL && is_said(package->identity_name)) {
        name = package->identity_name;
    }
    if (name == NULL) {
        name = staged_name(arena, file_name);
    }
    return name != NULL ? name : "";
}

/* Which source names the package is decided by where it lies. Never NULL; empty when nothing
 * says it. */
static const char *package_name(struct iv_arena *arena, const struct iv_package *package,
                                const char *file_name)
{
    const char *name = NULL;
    switch (package->container) {
    case IV_CONTAINER_CABINET:
        return iv_package_stem(arena, file_name);
    case IV_CONTAINER_HISTORY:
        return history_name(arena, package, file_name);
    case IV_CONTAINER_FOLDER:
    case IV_CONTAINER_INSTALLED:
        name = manifest_name(arena, package);
        break;
    }
    return name != NULL ? name : place_name(arena, file_name);
}

/* arm64.arm: built for the first, for programs of the second. */
static bool has_guest(const struct iv_package *package)
{
    const char *dot = package->cpu != NULL ? strchr(package->cpu, '.') : NULL;
    return dot != NULL && dot != package->cpu && dot[1] != '\0';
}

/* A CBS identity leaves language and guest processor to attributes of their own; where the name
 * does not say them, packages that differ in nothing else would be one (imgval-formats(5),
 * Keys). */
static const char *with_satellite(struct iv_arena *arena, const struct iv_package *package,
                                  const char *name)
{
    if (has_culture(package) && iv_ascii_ifind(name, "_lang_") == NULL) {
        name = iv_arena_printf(arena, "%s_Lang_%s", name, package->culture);
    }
    if (has_guest(package) && iv_ascii_ifind(name, "_wow_") == NULL &&
        iv_ascii_ifind(name, ".guest") == NULL) {
        name = iv_arena_printf(arena, "%s_Wow_%s", name, package->cpu);
    }
    return name;
}

void iv_package_set_key(struct iv_arena *arena, struct iv_package *package, const char *file_name)
{
    const char *name = package_name(arena, package, file_name != NULL ? file_name : "");
    if (package->style == IV_STYLE_CBS && *name != '\0') {
        name = with_satellite(arena, package, name);
    }
    package->name = name;
    package->key = iv_ascii_fold(arena, name);
}

const char *iv_package_partition(const struct iv_package *package)
{
    return is_said(package->partition) ? package->partition : "MainOS";
}

bool iv_package_is_microsoft(const struct iv_package *package)
{
    return iv_ascii_ieq(package->owner_type, "Microsoft");
}

bool iv_package_leaves_firmware(const struct iv_package *before, const struct iv_package *after)
{
    return is_said(before->owner_type) && !iv_package_is_microsoft(before) &&
           iv_package_is_microsoft(after);
}

/* Digests of the two manifest styles cannot be compared with each other. Where a package carries
 * both manifests, content_other is the digest in the other style. */
bool iv_package_content_differs(const struct iv_package *a, const struct iv_package *b)
{
    if (a->content == NULL || b->content == NULL) {
        return false;
    }
    if (a->style == b->style || a->style == IV_STYLE_UNKNOWN || b->style == IV_STYLE_UNKNOWN) {
        return strcmp(a->content, b->content) != 0;
    }
    if (a->content_other != NULL) {
        return strcmp(a->content_other, b->content) != 0;
    }
    return b->content_other != NULL && strcmp(a->content, b->content_other) != 0;
}

/* NULL sorts like the empty string. */
static int compare_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

const char *iv_package_shown_name(const struct iv_package *package)
{
    return package->name != NULL ? package->name : package->key;
}

int iv_package_compare_path(const void *a, const void *b)
{
    const struct iv_package *x = a;
    const struct iv_package *y = b;
    if (x->origin != y->origin) {
        return x->origin < y->origin ? -1 : 1;
    }
    int order = compare_text(x->path, y->path);
    return order != 0 ? order : compare_text(x->key, y->key);
}

/* The key beside its package: there are many comparisons, and packages lie far apart. */
struct keyed {
    const char *key;
    const struct iv_package *package;
};

static int compare_key(const void *a, const void *b)
{
    const struct keyed *x = a;
    const struct keyed *y = b;
    int order = strcmp(x->key, y->key);
    if (order == 0) {
        order = iv_package_compare_path(x->package, y->package);
    }
    /* Both lie in one array, so equal ones keep its order. */
    return order != 0 ? order : (x->package > y->package) - (x->package < y->package);
}

const struct iv_package **iv_package_sort(const struct iv_package *packages, size_t count,
                                          struct iv_arena *arena)
{
    const struct iv_package **sorted = IV_NEW_ARRAY(arena, const struct iv_package *, count);
    struct iv_arena_mark mark = iv_arena_mark(arena);
    struct keyed *keyed = IV_NEW_ARRAY(arena, struct keyed, count);
    for (size_t i = 0; i < count; i++) {
        const char *key = packages[i].key;
        keyed[i] = (struct keyed){.key = key != NULL ? key : "", .package = &packages[i]};
    }
    iv_sort(keyed, count, sizeof(*keyed), compare_key);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = keyed[i].package;
    }
    iv_arena_reset(arena, mark);
    return sorted;
}

void iv_set_build(const struct iv_package *packages, size_t count, struct iv_arena *arena,
                  struct iv_set *ret_set)
{
    iv_set_build_sorted(iv_package_sort(packages, count, arena), count, arena, ret_set);
}

/* Of two packages with one key, one that is present wins over a removal, and firmware over a
 * package of Microsoft's. */
bool iv_package_yields_to(const struct iv_package *now, const struct iv_package *next)
{
    if (now->removal || next->removal) {
        return now->removal && !next->removal;
    }
    return iv_package_is_microsoft(now) && !iv_package_is_microsoft(next);
}

void iv_set_build_sorted(const struct iv_package *const *sorted, size_t count,
                         struct iv_arena *arena, struct iv_set *ret_set)
{
    const struct iv_package **items = IV_NEW_ARRAY(arena, const struct iv_package *, count);
    size_t kept = 0;
    for (size_t i = 0; i < count;) {
        /* One run of a key; the submission's packages come first and hide the history's. */
        const struct iv_package *first = sorted[i];
        const struct iv_package *best = first;
        for (i++; i < count && compare_text(sorted[i]->key, first->key) == 0; i++) {
            if (sorted[i]->origin == first->origin && iv_package_yields_to(best, sorted[i])) {
                best = sorted[i];
            }
        }
        if (!best->removal) {
            items[kept++] = best;
        }
    }
    *ret_set = (struct iv_set){.items = items, .count = kept};
}

const struct iv_package *iv_set_find(const struct iv_set *set, const char *key)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_text(key, set->items[middle]->key);
        if (order == 0) {
            return set->items[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

/* Whether a package that has another key in the other set is there all the same, since one of the
 * sets was recorded when keys were made otherwise. */
static bool is_under_old_key(const struct iv_set *larger, const struct iv_set *smaller,
                             const char *key, struct iv_arena *arena)
{
    static const char suffix[] = "-package";
    if (smaller->has_old_keys &&
        iv_set_find(larger, iv_arena_printf(arena, "%s%s", key, suffix)) != NULL) {
        return true;
    }
    size_t size = strlen(key);
    size_t cut = size > strlen(suffix) ? size - strlen(suffix) : size;
    return larger->has_old_keys && strcmp(key + cut, suffix) == 0 &&
           iv_set_find(larger, iv_arena_strndup(arena, key, cut)) != NULL;
}

/* Merge of two sorted sets. The rarer tests come last: nearly all packages are found by key. */
size_t iv_set_missing(const struct iv_set *larger, const struct iv_set *smaller, bool all_owners,
                      struct iv_arena *arena, const struct iv_package ***ret_missing)
{
    const struct iv_package **missing = NULL;
    size_t capacity = 0;
    size_t count = 0;
    size_t at = 0;
    for (size_t i = 0; i < smaller->count; i++) {
        const struct iv_package *package = smaller->items[i];
        int order = -1;
        while (at < larger->count &&
               (order = compare_text(larger->items[at]->key, package->key)) < 0) {
            at++;
        }
        if ((at < larger->count && order == 0) ||
            (!all_owners && iv_package_is_microsoft(package)) ||
            is_under_old_key(larger, smaller, package->key, arena)) {
            continue;
        }
        missing = iv_arena_grow(arena, missing, count, &capacity, sizeof(*missing));
        missing[count++] = package;
    }
    *ret_missing = missing;
    return count;
}
