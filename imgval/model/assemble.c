/*
 * The facts of all readers -> one submission. Readers run in any order and in several processes, so
 * nothing here may depend on the order of the facts: all lists are sorted, and of single things
 * (image, layout, OEMInput.xml) there is one, or the rule for several is said at its function.
 *
 * Order of the steps: side files first, since packages from the history take part in the set; then
 * the packages without payload and copies, the history below them, the sorted set, faults, device
 * values, and last the identity, which is computed from all of these.
 */
#include "imgval/model/assemble.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/model/fields.h"
#include "imgval/model/payload.h"
#include "imgval/model/record.h"

#include <stdlib.h>
#include <string.h>

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By path, kind and detail: all that a fault has, so that equal ones alone are interchangeable. */
static int compare_faults(const void *a, const void *b)
{
    const struct iv_fault *x = a;
    const struct iv_fault *y = b;
    int order = strcmp(x->path == NULL ? "" : x->path, y->path == NULL ? "" : y->path);
    if (order == 0) {
        order = (x->kind > y->kind) - (x->kind < y->kind);
    }
    return order != 0
               ? order
               : strcmp(x->detail == NULL ? "" : x->detail, y->detail == NULL ? "" : y->detail);
}

/* All packages that lie in the submission; room for `extra` more after them. What a package lists
 * as its payload is not a member of the set, as it is none where the package is a cabinet. */
static void collect_packages(const struct iv_facts *facts, size_t count, size_t extra,
                             struct iv_arena *arena, struct iv_submission *s)
{
    struct iv_payload payload = {0};
    iv_payload_add(&payload, s->packages, s->package_count, arena);
    const struct iv_facts given = {.packages = s->packages, .package_count = s->package_count};
    size_t total = extra + given.package_count;
    for (size_t i = 0; i < count; i++) {
        total += facts[i].package_count;
        iv_payload_add(&payload, facts[i].packages, facts[i].package_count, arena);
    }
    iv_payload_finish(&payload);
    if (total == given.package_count && payload.count == 0) {
        return; /* they are there */
    }

    struct iv_package *beside = IV_NEW_ARRAY(arena, struct iv_package, s->beside_count + total);
    if (s->beside_count > 0) {
        memcpy(beside, s->beside, s->beside_count * sizeof(*beside));
    }
    s->beside = beside;
    s->packages = IV_NEW_ARRAY(arena, struct iv_package, total);
    s->package_count = 0;

    for (size_t i = 0; i <= count; i++) {
        const struct iv_facts *from = i < count ? &facts[i] : &given;
        for (size_t p = 0; p < from->package_count; p++) {
            const struct iv_package *package = &from->packages[p];
            if (iv_payload_has(&payload, package->path, arena)) {
                s->beside[s->beside_count++] = *package;
            } else {
                s->packages[s->package_count++] = *package;
            }
        }
    }
}

/* ---- copies on several volumes ---- */

/* Not said and empty are the same. */
static bool is_same_text(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

/* Whether two manifests describe one package. Sizes and contents may differ. */
static bool is_same_package(const struct iv_package *a, const struct iv_package *b)
{
    return strcmp(a->key, b->key) == 0 && a->style == b->style &&
           is_same_text(a->version, b->version) &&
           iv_ascii_ieq(iv_package_partition(a), iv_package_partition(b)) &&
           is_same_text(a->owner_type, b->owner_type) && a->removal == b->removal &&
           a->binary_partition == b->binary_partition && a->unreadable == b->unreadable;
}

/* Of paths with '/': the text before the last one; two paths without any are in the same. */
static bool is_in_same_folder(const char *a, const char *b)
{
    const char *x = strrchr(a, '/');
    const char *y = strrchr(b, '/');
    size_t size = x == NULL ? 0 : (size_t)(x - a);
    return (x == NULL) == (y == NULL) &&
           (x == NULL || (size == (size_t)(y - b) && memcmp(a, b, size) == 0));
}

/* By key; what does not lie in an image first, then by path. */
static int compare_copies(const void *a, const void *b)
{
    const struct iv_package *x = a;
    const struct iv_package *y = b;
    int order = strcmp(x->key, y->key);
    if (order == 0) {
        order = (x->container == IV_CONTAINER_INSTALLED) - (y->container == IV_CONTAINER_INSTALLED);
    }
    return order != 0 ? order : strcmp(x->path, y->path);
}

/*
 * An image's set is the union of its volumes, and the same package may stand on two: UpdateOS has
 * some of MainOS again. It is one package then, and no duplicate. (Two manifests of it in one
 * folder are one.)
 */
static void drop_copies(struct iv_submission *s)
{
    bool any = false;
    for (size_t i = 0; i < s->package_count; i++) {
        any = any || s->packages[i].container == IV_CONTAINER_INSTALLED;
    }
    if (!any) {
        return;
    }
    iv_sort(s->packages, s->package_count, sizeof(*s->packages), compare_copies);
    size_t kept = 0;
    for (size_t i = 0; i < s->package_count; i++) {
        const struct iv_package *package = &s->packages[i];
        const struct iv_package *last = kept > 0 ? &s->packages[kept - 1] : NULL;
        bool is_copy = package->container == IV_CONTAINER_INSTALLED && last != NULL &&
                       is_same_package(last, package) &&
                       !is_in_same_folder(last->path, package->path);
        if (!is_copy) {
            s->packages[kept++] = *package;
        }
    }
    s->package_count = kept;
}

static size_t depth_of(const char *path)
{
    size_t depth = 0;
    for (; *path != '\0'; path++) {
        depth += *path == '/' ? 1 : 0;
    }
    return depth;
}

/* A reader process that was taken over may send none. */
static const char *path_of(const struct iv_oem_input *oem_input)
{
    return oem_input->path == NULL ? "" : oem_input->path;
}

/* Of several OEMInput.xml the topmost counts. */
static bool is_above(const struct iv_oem_input *one, const struct iv_oem_input *other)
{
    size_t a = depth_of(path_of(one));
    size_t b = depth_of(path_of(other));
    return a != b ? a < b : strcmp(path_of(one), path_of(other)) < 0;
}

/* Whether two OEMInput.xml differ in nothing but their places. */
static bool is_copy(const struct iv_oem_input *one, const struct iv_oem_input *other)
{
    struct iv_buf a IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf b IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_oem_input moved = *other;
    moved.path = one->path;
    iv_facts_encode(&a, &iv_oem_input_struct, one, IV_FIELD_WIRE);
    iv_facts_encode(&b, &iv_oem_input_struct, &moved, IV_FIELD_WIRE);
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Each other OEMInput.xml that says something else says it about no submission. */
static size_t other_oem_inputs(const struct iv_facts *facts, size_t count,
                               const struct iv_submission *s, struct iv_arena *arena,
                               struct iv_fault *ret_faults)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct iv_oem_input *oem_input = &facts[i].oem_input;
        if (!oem_input->present || is_copy(oem_input, &s->oem_input)) {
            continue;
        }
        if (ret_faults != NULL) {
            ret_faults[found] = (struct iv_fault){
                .kind = IV_FAULT_ELSEWHERE,
                .path = path_of(oem_input),
                .detail = iv_arena_printf(arena, "%s counts in its place", path_of(&s->oem_input)),
            };
        }
        found++;
    }
    return found;
}

/* Sorted by path, kind and detail, so that reports do not depend on which worker was faster. */
static void collect_faults(const struct iv_facts *facts, size_t count, struct iv_arena *arena,
                           struct iv_submission *s)
{
    size_t total = s->fault_count;
    for (size_t i = 0; i < count; i++) {
        total += facts[i].fault_count;
    }
    total += other_oem_inputs(facts, count, s, arena, NULL);
    struct iv_fault *faults = IV_NEW_ARRAY(arena, struct iv_fault, total);
    size_t used = s->fault_count;
    if (used > 0) {
        memcpy(faults, s->faults, used * sizeof(*faults));
    }
    for (size_t i = 0; i < count; i++) {
        if (facts[i].fault_count > 0) {
            memcpy(faults + used, facts[i].faults, facts[i].fault_count * sizeof(*faults));
            used += facts[i].fault_count;
        }
    }
    used += other_oem_inputs(facts, count, s, arena, faults + used);
    if (used > 0) {
        iv_sort(faults, used, sizeof(*faults), compare_faults);
    }
    s->faults = faults;
    s->fault_count = used;
}

/* `extra`: values from the command line; which source wins is device.c's matter. */
static void collect_device(const struct iv_facts *facts, size_t count, const struct iv_datum *extra,
                           size_t extra_count, struct iv_arena *arena, struct iv_submission *s)
{
    size_t total = extra_count;
    for (size_t i = 0; i < count; i++) {
        total += facts[i].datum_count;
    }
    struct iv_datum *data = IV_NEW_ARRAY(arena, struct iv_datum, total);
    size_t used = 0;
    for (size_t i = 0; i < extra_count; i++) {
        data[used++] = extra[i];
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t d = 0; d < facts[i].datum_count; d++) {
            data[used++] = facts[i].data[d];
        }
    }
    iv_device_build(data, used, arena, &s->device);
}

/* UpdateHistory.xml and OEMInput.xml. The lister sees to it that one reader has each, so the last
 * one that is present is the only one. */
static void collect_side_files(const struct iv_facts *facts, size_t count, struct iv_submission *s)
{
    for (size_t i = 0; i < count; i++) {
        if (facts[i].history.present) {
            s->history = facts[i].history;
        }
        const struct iv_oem_input *oem_input = &facts[i].oem_input;
        if (oem_input->present && (!s->oem_input.present || is_above(oem_input, &s->oem_input))) {
            s->oem_input = *oem_input;
        }
    }
}

/* Layouts that differ are those of several devices, or of a build tree: none is the image's. */
static void collect_layout(const struct iv_facts *facts, size_t count, struct iv_submission *s)
{
    for (size_t i = 0; i < count; i++) {
        if (!facts[i].layout.present) {
            continue;
        }
        if (s->layout.present && !iv_layout_is_equal(&s->layout, &facts[i].layout)) {
            s->layout = (struct iv_layout){0};
            return;
        }
        s->layout = s->layout.present ? s->layout : facts[i].layout;
    }
}

/* One reader describes the image; others may have checked ranges of its chunks. */
static void collect_image(const struct iv_facts *facts, size_t count, struct iv_submission *s)
{
    for (size_t i = 0; i < count; i++) {
        if (facts[i].image.present && !s->image.present) {
            struct iv_image_hash hash = s->image.hash;
            s->image = facts[i].image;
            s->image.hash.checked += hash.checked;
            s->image.hash.mismatched += hash.mismatched;
            s->image.hash.skipped += hash.skipped;
        } else {
            s->image.hash.checked += facts[i].image.hash.checked;
            s->image.hash.mismatched += facts[i].image.hash.mismatched;
            s->image.hash.skipped += facts[i].image.hash.skipped;
        }
    }
}

/* A contextual partial (imgval(1), Kinds of submission) is judged as what a device holds after it:
 * the history's final state overlaid with the partial's packages. A removal package of the partial
 * takes its name out. collect_packages() has left room for the history's. */
static void overlay_history(struct iv_submission *s, struct iv_arena *arena)
{
    size_t own = s->package_count;
    const char **keys = IV_NEW_ARRAY(arena, const char *, own);
    for (size_t i = 0; i < own; i++) {
        keys[i] = s->packages[i].key;
    }
    if (own > 0) {
        iv_sort(keys, own, sizeof(*keys), compare_strings);
    }
    for (size_t i = 0; i < s->history.package_count; i++) {
        const struct iv_package *entry = &s->history.packages[i];
        bool replaced =
            own > 0 && bsearch(&entry->key, keys, own, sizeof(*keys), compare_strings) != NULL;
        if (!entry->removal && !replaced) {
            struct iv_package *place = &s->packages[s->package_count++];
            *place = *entry;
            place->origin = IV_ORIGIN_HISTORY;
        }
    }
}

/* Firmware version, variants and id. Where sources disagree about the version it is not known: a
 * guess might pick the wrong neighbours among the baselines. `sorted`: all packages by key. */
static void set_identity(struct iv_submission *s, const struct iv_package *const *sorted,
                         struct iv_arena *arena)
{
    if (!iv_device_has_conflict(&s->device, IV_PHONE_FIRMWARE_REVISION)) {
        s->firmware_version = iv_device_value(&s->device, IV_PHONE_FIRMWARE_REVISION);
    }
    s->firmware_version_valid =
        s->firmware_version != NULL && iv_version_parse(s->firmware_version, &s->number);

    struct iv_pop *pops = NULL;
    size_t count = 0;
    iv_device_pops(&s->device, arena, &pops, &count);
    s->variants = IV_NEW_ARRAY(arena, struct iv_variant, count);
    s->variant_count = count;
    for (size_t i = 0; i < count; i++) {
        s->variants[i] = (struct iv_variant){.pop = pops[i], .list_age_days = -1};
    }

    size_t recorded;
    const struct iv_package **packages =
        iv_record_packages(sorted, s->package_count, arena, &recorded);
    s->id = iv_submission_id_of(packages, recorded, pops, count, s->firmware_version, arena);
}

/* The caller has set kind, type and path; with an image it may have put its packages and faults
 * into the submission already, and they stay. */
void iv_submission_assemble(const struct iv_facts *facts, size_t count,
                            const struct iv_datum *extra, size_t extra_count,
                            struct iv_arena *arena, struct iv_submission *ret_submission)
{
    struct iv_submission *s = ret_submission;
    collect_side_files(facts, count, s);
    collect_layout(facts, count, s);
    collect_image(facts, count, s);
    collect_packages(facts, count, s->history.package_count, arena, s);
    drop_copies(s);

    bool contextual = s->type == IV_PARTIAL && !s->context_free;
    if (contextual) {
        overlay_history(s, arena);
    }

    iv_sort(s->packages, s->package_count, sizeof(*s->packages), iv_package_compare_path);
    iv_sort(s->beside, s->beside_count, sizeof(*s->beside), iv_package_compare_path);
    size_t present = 0;
    for (size_t i = 0; i < s->package_count; i++) {
        s->unreadable_count += s->packages[i].unreadable ? 1u : 0u;
        present += s->packages[i].removal ? 0u : 1u;
    }

    const struct iv_package **sorted = iv_package_sort(s->packages, s->package_count, arena);
    iv_set_build_sorted(sorted, s->package_count, arena, &s->set);
    /* A set has each key once: fewer members than present packages means twins. */
    s->has_no_twins = s->set.count == present;

    collect_faults(facts, count, arena, s);
    collect_device(facts, count, extra, extra_count, arena, s);
    set_identity(s, sorted, arena);
}
