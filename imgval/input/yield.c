/*
 * What one item can yield. The facts of an item come from a process that parsed hostile bytes and
 * may be in the hands of whoever wrote them. It can say about its own item what it likes: that is
 * no more than the item itself could have said. So that it speaks for nothing else, the parent
 * takes facts only where they are about the item: of a package file one package, under its own path
 * and the key that its name gives; device values under its own source and rank; a history or an
 * image only from what can hold one.
 */
#include "imgval/base/text.h"
#include "imgval/input/input.h"
#include "imgval/input/reader.h"
#include "imgval/model/device.h"

#include <string.h>

/* Whether a report path is that of the item, or of something in it: "fw/x", "fw/x/y",
 * "phone.ffu:MainOS/y". */
static bool is_within(const struct iv_item *item, const char *path)
{
    size_t length = strlen(item->path);
    if (path == NULL || strncmp(path, item->path, length) != 0) {
        return false;
    }
    return path[length] == '\0' || path[length] == '/' || path[length] == ':' ||
           (length > 0 && item->path[length - 1] == '/');
}

/* All of them are about the item's own path or what lies in it: a reader speaks of nothing else. */
static bool are_within(const struct iv_item *item, const struct iv_fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_within(item, faults[i].path)) {
            return false;
        }
    }
    return true;
}

/* The key of a package file is what its name says, and the language where it is left out there.
 * What is installed or extracted has its name from its manifest. */
static bool has_own_key(const struct iv_package *package, struct iv_arena *scratch)
{
    struct iv_arena_mark mark = iv_arena_mark(scratch);
    bool is_own = strcmp(package->key, iv_ascii_fold(scratch, package->name)) == 0;
    if (is_own && iv_package_is_file_name(package->path)) {
        const char *stem = iv_ascii_fold(scratch, iv_package_stem(scratch, package->path));
        size_t length = strlen(stem);
        is_own = package->container == IV_CONTAINER_CABINET &&
                 strncmp(package->key, stem, length) == 0 &&
                 (package->key[length] == '\0' ||
                  strncmp(package->key + length, "_lang_", strlen("_lang_")) == 0);
    }
    iv_arena_reset(scratch, mark);
    return is_own;
}

/* Only an image has many packages; a package file or folder has one at most, under its own path;
 * all other items have none. What is installed lies within the image that it was read from. */
static bool are_own_packages(const struct iv_item *item, const struct iv_facts *facts,
                             struct iv_arena *scratch)
{
    bool is_package = item->role == IV_ROLE_PACKAGE || item->role == IV_ROLE_FOLDER;
    if (facts->package_count > 0 && item->role != IV_ROLE_IMAGE &&
        !(is_package && facts->package_count == 1)) {
        return false;
    }
    for (size_t i = 0; i < facts->package_count; i++) {
        const struct iv_package *package = &facts->packages[i];
        bool is_own =
            package->origin == IV_ORIGIN_SUBMISSION &&
            are_within(item, package->faults, package->fault_count) &&
            (is_package
                 ? strcmp(package->path, item->path) == 0 &&
                       (item->role == IV_ROLE_FOLDER || has_own_key(package, scratch))
                 : is_within(item, package->path) && package->container == IV_CONTAINER_INSTALLED);
        if (!is_own) {
            return false;
        }
    }
    return true;
}

/* The ranks of the device values that an item may hold, as a mask. */
static unsigned ranks_of(enum iv_role role)
{
    enum {
        ANSWER = 1U << IV_RANK_ANSWER,
        REGISTRY = 1U << IV_RANK_REGISTRY,
        TARGETING = 1U << IV_RANK_TARGETING,
        HIVE = 1U << IV_RANK_HIVE,
        FILE_GIVEN = 1U << IV_RANK_FILE,
    };
    switch (role) {
    case IV_ROLE_PACKAGE:
    case IV_ROLE_FOLDER:
    case IV_ROLE_BESIDE:
        return REGISTRY | TARGETING;
    case IV_ROLE_REGISTRY:
        return REGISTRY;
    case IV_ROLE_ANSWER:
        return ANSWER;
    case IV_ROLE_HIVE:
        return HIVE;
    case IV_ROLE_DEVICE_INFO:
        return FILE_GIVEN;
    case IV_ROLE_IMAGE:
        return ANSWER | REGISTRY | TARGETING | HIVE;
    case IV_ROLE_HISTORY:
    case IV_ROLE_OEM_INPUT:
    case IV_ROLE_CHUNKS:
        break;
    }
    return 0;
}

/* Only an answer file imports others; it may have been given as --device-info. */
static bool are_own_imports(const struct iv_item *item, const struct iv_facts *facts)
{
    for (size_t i = 0; i < facts->import_count; i++) {
        if ((item->role != IV_ROLE_ANSWER && item->role != IV_ROLE_DEVICE_INFO) ||
            !is_within(item, facts->imports[i].path)) {
            return false;
        }
    }
    return true;
}

/* A value's source is the item, a place in it, or, of a package, its file name and a place in it.
 */
static bool are_own_values(const struct iv_item *item, const struct iv_facts *facts)
{
    const char *name = iv_reader_last_part(item->path);
    size_t length = strlen(name);
    for (size_t i = 0; i < facts->datum_count; i++) {
        const struct iv_datum *datum = &facts->data[i];
        bool is_own = is_within(item, datum->source) ||
                      (strncmp(datum->source, name, length) == 0 && datum->source[length] == ':');
        if (!is_own && item->role != IV_ROLE_IMAGE) {
            return false;
        }
        if ((ranks_of(item->role) >> datum->rank & 1) == 0) {
            return false;
        }
    }
    return true;
}

/* Nothing that a comparison could take for a history: all fields as no reader set them. */
static bool has_no_history(const struct iv_history *history)
{
    return !history->present && !history->complete && history->path == NULL &&
           history->event_count == 0 && history->package_count == 0;
}

static bool has_no_oem_input(const struct iv_oem_input *oem_input)
{
    return !oem_input->present && oem_input->path == NULL && oem_input->package_file_count == 0;
}

static bool has_no_hash(const struct iv_image *image)
{
    return image->hash.checked == 0 && image->hash.mismatched == 0 && image->hash.skipped == 0;
}

/* An image accounts for what lies in it; a document may be none of those that are read. */
static bool are_own_entries(const struct iv_item *item, const struct iv_entries *entries)
{
    uint64_t total = 0;
    for (size_t i = 0; i < IV_FATES; i++) {
        if (entries->of[i] > UINT32_MAX) {
            return false; /* no sum of them overflows */
        }
        total += entries->of[i];
    }
    bool is_document = item->role == IV_ROLE_ANSWER || item->role == IV_ROLE_REGISTRY;
    return item->role == IV_ROLE_IMAGE ||
           (!entries->is_cut && total == entries->of[IV_FATE_DOCUMENT] &&
            total <= (is_document ? 1U : 0U));
}

bool iv_input_can_yield(const struct iv_item *item, const struct iv_facts *facts,
                        struct iv_arena *scratch)
{
    bool is_image = item->role == IV_ROLE_IMAGE;
    bool may_have_history = item->role == IV_ROLE_HISTORY || (is_image && !item->has_history);
    bool may_have_oem_input = item->role == IV_ROLE_OEM_INPUT || (is_image && !item->has_oem_input);
    const struct iv_history *history = &facts->history;
    const struct iv_image *image = &facts->image;
    return are_own_packages(item, facts, scratch) && are_own_values(item, facts) &&
           are_own_imports(item, facts) && are_own_entries(item, &facts->entries) &&
           are_within(item, facts->faults, facts->fault_count) &&
           (has_no_history(history) || (may_have_history && is_within(item, history->path))) &&
           (has_no_oem_input(&facts->oem_input) ||
            (may_have_oem_input && is_within(item, facts->oem_input.path))) &&
           (!image->present || (is_image && strcmp(image->path, item->path) == 0)) &&
           (has_no_hash(image) || is_image || item->role == IV_ROLE_CHUNKS);
}
