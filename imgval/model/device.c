/*
 * Everything that was found, sorted by name, rank and source, is taken name by name. The data of
 * the highest rank are in force; what lower ranks say differently is overridden (IMG301); sources
 * of the rank in force that do not agree are a conflict (IMG302). Operator and model may have
 * several values, which make the variants; every other name has one.
 *
 * Variants are built from what is in force: static values of operator and model make the cross
 * product, values of one group (a Variant of an answer file) are paired among themselves.
 *
 * All work is on runs: neighbouring elements of the sorted array that share name, rank or source.
 */
#include "imgval/model/device.h"

#include "imgval/base/attr.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

/* The value names of DeviceTargetingInfo, as imgval(1), Device values, lists them. */
const char *const iv_device_value_names[IV_DEVICE_VALUE_NAMES + 1] = {
    IV_PHONE_FIRMWARE_REVISION,
    IV_PHONE_MANUFACTURER,
    IV_PHONE_MODEL_NAME,
    IV_PHONE_OPERATOR_NAME,
    "PhoneHardwareVariant",
    "PhoneModelName",
    "PhoneROMLanguage",
    "PhoneHardwareRevision",
    "PhoneROMVersion",
    "PhoneSOCVersion",
    "PhoneRadioHardwareRevision",
    "PhoneRadioSoftwareRevision",
    "PhoneBootLoaderVersion",
    "PhoneManufacturerDisplayName",
    "PhoneMobileOperatorDisplayName",
    "PhoneSupportPhoneNumber",
    "PhoneSupportLink",
    "PhoneOEMSupportLink",
    "RoamingSupportPhoneNumber",
    NULL,
};

const char *iv_device_value_name(const char *name)
{
    const char *const *known = iv_device_value_names;
    while (*known != NULL && !iv_ascii_ieq(*known, name)) {
        known++;
    }
    return *known;
}

/* A hive may also say USB's product string: no value of DeviceTargetingInfo, but collected like
 * one, since a rule compares it. */
const char *iv_device_datum_name(const char *name)
{
    return strcmp(name, IV_USBFN_PRODUCT) == 0 ? IV_USBFN_PRODUCT : iv_device_value_name(name);
}

/* Of these two a submission may carry several values: they make its variants. Manufacturer and
 * firmware version have one. */
static bool is_variant_name(const char *name)
{
    return strcmp(name, IV_PHONE_OPERATOR_NAME) == 0 || strcmp(name, IV_PHONE_MODEL_NAME) == 0;
}

/* NULL before every text. */
static int compare_optional(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    return strcmp(a, b);
}

/* Parts of a POP that differ only in case are the same; other values are compared exactly. A
 * deleted one is a value like another here. */
static int compare_value(const char *name, const char *a, const char *b)
{
    bool folded = is_variant_name(name) || strcmp(name, IV_PHONE_MANUFACTURER) == 0;
    if (!folded || a == NULL || b == NULL) {
        return compare_optional(a, b);
    }
    return iv_ascii_casecmp(a, b);
}

/* Groups what is found by name, rank (highest first) and source; in a source by value. */
static int compare_found(const void *a, const void *b)
{
    const struct iv_datum *x = a;
    const struct iv_datum *y = b;
    int order = strcmp(x->name, y->name);
    if (order == 0 && x->rank != y->rank) {
        order = x->rank > y->rank ? -1 : 1;
    }
    order = order != 0 ? order : strcmp(x->source, y->source);
    order = order != 0 ? order : compare_value(x->name, x->value, y->value);
    order = order != 0 ? order : compare_optional(x->value, y->value);
    return order != 0 ? order : compare_optional(x->group, y->group);
}

/* Within one name and rank: equal values together, the first source first. distinct_values()
 * depends on it: the spelling that is kept is that of the first source, whichever reader was
 * faster. */
static int compare_in_force(const void *a, const void *b)
{
    const struct iv_datum *x = a;
    const struct iv_datum *y = b;
    int order = compare_value(x->name, x->value, y->value);
    return order != 0 ? order : compare_found(a, b);
}

/* The order of the device's values: by name, then value. */
static int compare_result(const void *a, const void *b)
{
    const struct iv_datum *x = a;
    const struct iv_datum *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->value, y->value);
}

/* Data of one name, a run of the sorted array. */
struct run {
    const struct iv_datum *items;
    size_t count;
};

/* The longest start of `run` with the rank, and with `source` the source, of its first datum. */
static struct run first_part(struct run run, bool source)
{
    size_t count = 1;
    while (count < run.count && run.items[count].rank == run.items[0].rank &&
           (!source || strcmp(run.items[count].source, run.items[0].source) == 0)) {
        count++;
    }
    return (struct run){.items = run.items, .count = count};
}

/* What comes after `part`, which is a start of `run`. */
static struct run rest_of(struct run run, struct run part)
{
    return (struct run){.items = part.items + part.count, .count = run.count - part.count};
}

/*
 * Compares the values of two runs that are sorted by value. False when they are the same; else the
 * conflict names a datum of each that shows the difference.
 */
static bool differs(struct run reference, struct run other, struct iv_device_conflict *ret_conflict)
{
    const struct iv_datum *lacking = NULL; /* in the reference only */
    const struct iv_datum *extra = NULL;   /* in the other only */
    size_t r = 0;
    /* Merge of the two. A value may stand several times in a run, with several groups. */
    for (size_t o = 0; o < other.count || r < reference.count;) {
        int order = o == other.count ? -1 : 1;
        if (o < other.count && r < reference.count) {
            order =
                compare_value(other.items[o].name, reference.items[r].value, other.items[o].value);
        }
        if (order < 0) {
            lacking = lacking != NULL ? lacking : &reference.items[r];
            r++;
        } else if (order > 0) {
            extra = extra != NULL ? extra : &other.items[o];
            o++;
        } else {
            /* Past all that are equal to this one, on both sides. */
            size_t here = r;
            while (r < reference.count &&
                   compare_value(other.items[o].name, reference.items[r].value,
                                 reference.items[here].value) == 0) {
                r++;
            }
            while (o < other.count && compare_value(other.items[o].name, other.items[o].value,
                                                    reference.items[here].value) == 0) {
                o++;
            }
        }
    }
    if (lacking == NULL && extra == NULL) {
        return false;
    }
    ret_conflict->winner = lacking != NULL ? lacking : &reference.items[0];
    ret_conflict->other = extra != NULL ? extra : &other.items[0];
    return true;
}

/* A device in the making. */
struct builder {
    struct iv_arena *arena;
    struct iv_device device;
    size_t value_capacity;
    size_t overridden_capacity;
    size_t conflict_capacity;
    size_t part_capacity;
};

/* Conflicts (IMG302) and overridden values (IMG301) have one form: the datum in force and the one
 * that says otherwise. */
static void add_conflict(struct builder *b, struct iv_device_conflict conflict)
{
    struct iv_device *d = &b->device;
    d->conflicts = iv_arena_grow(b->arena, d->conflicts, d->conflict_count, &b->conflict_capacity,
                                 sizeof(*d->conflicts));
    d->conflicts[d->conflict_count++] = conflict;
}

/* Several values of a name that can have but one: each source that says another than the first. */
static void add_single_conflicts(struct builder *b, struct run winners)
{
    const struct iv_datum *first = &winners.items[0];
    for (struct run rest = winners; rest.count > 0;) {
        struct run source = first_part(rest, true);
        for (size_t i = 0; i < source.count; i++) {
            const struct iv_datum *other = &source.items[i];
            if (compare_value(first->name, first->value, other->value) != 0) {
                add_conflict(b, (struct iv_device_conflict){.winner = first, .other = other});
                break;
            }
        }
        rest = rest_of(rest, source);
    }
}

/* The static ones of a source's data, which are sorted by value and stay so. Values of a group
 * belong to one variant and say nothing of the others, so only static ones can be in conflict. */
static struct run statics_of(struct iv_arena *arena, struct run source)
{
    struct iv_datum *items = IV_NEW_ARRAY(arena, struct iv_datum, source.count);
    struct run statics = {.items = items};
    for (size_t i = 0; i < source.count; i++) {
        if (source.items[i].group == NULL) {
            items[statics.count++] = source.items[i];
        }
    }
    return statics;
}

/* Sources that list other operators or models than the first. What the options say adds up, and so
 * do the variants of answer files: there may be a file for each operator. */
static void add_variant_conflicts(struct builder *b, struct run winners)
{
    if (winners.items[0].rank == IV_RANK_OPTION) {
        return;
    }
    struct run first = {0};
    for (struct run rest = winners; rest.count > 0;) {
        struct run source = first_part(rest, true);
        struct run statics = statics_of(b->arena, source);
        struct iv_device_conflict conflict;
        if (first.count == 0) {
            first = statics;
        } else if (statics.count > 0 && differs(first, statics, &conflict)) {
            add_conflict(b, conflict);
        }
        rest = rest_of(rest, source);
    }
}

/* One entry for each source of a lower rank that does not say what is in force. */
static void add_overridden(struct builder *b, struct run in_force, struct run lower)
{
    struct iv_device *d = &b->device;
    while (lower.count > 0) {
        struct run source = first_part(lower, true);
        struct iv_device_conflict conflict;
        if (differs(in_force, source, &conflict)) {
            d->overridden = iv_arena_grow(b->arena, d->overridden, d->overridden_count,
                                          &b->overridden_capacity, sizeof(*d->overridden));
            d->overridden[d->overridden_count++] = conflict;
        }
        lower = rest_of(lower, source);
    }
}

/* The distinct values among the winners, sorted by value, each as its first source spells it. With
 * `parts`, every winner becomes a part with that spelling. */
static struct run distinct_values(struct builder *b, struct run winners, bool parts)
{
    struct iv_device *d = &b->device;
    struct iv_datum *items = IV_NEW_ARRAY(b->arena, struct iv_datum, winners.count);
    memcpy(items, winners.items, winners.count * sizeof(*items));
    iv_sort(items, winners.count, sizeof(*items), compare_in_force);
    size_t kept = 0;
    for (size_t i = 0; i < winners.count; i++) {
        struct iv_datum datum = items[i];
        if (kept == 0 || compare_value(datum.name, items[kept - 1].value, datum.value) != 0) {
            items[kept++] = datum;
        }
        if (parts && datum.value != NULL) {
            d->parts = iv_arena_grow(b->arena, d->parts, d->part_count, &b->part_capacity,
                                     sizeof(*d->parts));
            datum.value = items[kept - 1].value;
            d->parts[d->part_count++] = datum;
        }
    }
    return (struct run){.items = items, .count = kept};
}

/* All data of one name: which are in force, where sources disagree, what is overridden. */
static void add_name(struct builder *b, struct run name)
{
    struct iv_device *d = &b->device;
    bool is_variant = is_variant_name(name.items[0].name);
    struct run winners = first_part(name, false);
    struct run in_force = distinct_values(b, winners, is_variant);
    if (is_variant) {
        add_variant_conflicts(b, winners);
    } else if (in_force.count > 1) {
        add_single_conflicts(b, winners);
    }
    add_overridden(b, in_force, rest_of(name, winners));
    for (size_t i = 0; i < in_force.count; i++) {
        if (in_force.items[i].value == NULL) {
            continue; /* deleted */
        }
        d->values = iv_arena_grow(b->arena, d->values, d->value_count, &b->value_capacity,
                                  sizeof(*d->values));
        d->values[d->value_count++] = in_force.items[i];
    }
}

/* Data of one name become neighbours by the sort; add_name() then has all that it needs in one run.
 * Names are spelled as in iv_device_value_names from here on, so that strcmp() does. */
void iv_device_build(const struct iv_datum *data, size_t count, struct iv_arena *arena,
                     struct iv_device *ret_device)
{
    struct builder b = {.arena = arena};
    struct iv_datum *found = IV_NEW_ARRAY(arena, struct iv_datum, count);

    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (data[i].name == NULL) {
            continue;
        }
        const char *name = iv_device_datum_name(data[i].name);
        found[kept] = data[i];
        found[kept].name = name != NULL ? name : data[i].name;
        found[kept].source = data[i].source != NULL ? data[i].source : "";
        kept++;
    }

    if (kept > 1) {
        iv_sort(found, kept, sizeof(*found), compare_found);
    }

    for (size_t i = 0; i < kept;) {
        size_t end = i + 1;
        while (end < kept && strcmp(found[end].name, found[i].name) == 0) {
            end++;
        }
        add_name(&b, (struct run){.items = found + i, .count = end - i});
        i = end;
    }
    if (b.device.value_count > 1) {
        iv_sort(b.device.values, b.device.value_count, sizeof(*b.device.values), compare_result);
    }
    *ret_device = b.device;
}

const char *iv_device_value(const struct iv_device *device, const char *name)
{
    for (size_t i = 0; i < device->value_count; i++) {
        if (strcmp(device->values[i].name, name) == 0) {
            return device->values[i].value;
        }
    }
    return NULL;
}

bool iv_device_has_conflict(const struct iv_device *device, const char *name)
{
    for (size_t i = 0; i < device->conflict_count; i++) {
        if (strcmp(device->conflicts[i].winner->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A part that is not said counts as an empty one. */
static int compare_folded(const char *a, const char *b)
{
    return iv_ascii_casecmp(a != NULL ? a : "", b != NULL ? b : "");
}

/* What makes two variants the same, for baselines, reports and audits alike: case does not
 * count. */
int iv_pop_compare(const struct iv_pop *a, const struct iv_pop *b)
{
    int order = compare_folded(a->oem, b->oem);
    order = order != 0 ? order : compare_folded(a->mobile_operator, b->mobile_operator);
    return order != 0 ? order : compare_folded(a->model, b->model);
}

/* Values of the rules have at most 32 characters; longer ones are not looked at. */
#define SIMILAR_LENGTH 64

/* Characters to insert, delete or replace to make b of a (Levenshtein, folded). */
static size_t edit_distance(const char *a, const char *b)
{
    size_t costs[SIMILAR_LENGTH + 1];
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > SIMILAR_LENGTH || b_length > SIMILAR_LENGTH) {
        return SIMILAR_LENGTH;
    }
    for (size_t j = 0; j <= b_length; j++) {
        costs[j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = costs[0];
        costs[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t cost = diagonal + (iv_ascii_lower(a[i - 1]) != iv_ascii_lower(b[j - 1]));
            diagonal = costs[j];
            cost = costs[j - 1] + 1 < cost ? costs[j - 1] + 1 : cost;
            costs[j] = costs[j] + 1 < cost ? costs[j] + 1 : cost;
        }
    }
    return costs[b_length];
}

/* For the hint "did you mean" when a variant has no baseline: one part differs, however much, or
 * there are but two typing errors in all of them. */
bool iv_pop_is_similar(const struct iv_pop *a, const struct iv_pop *b)
{
    const char *const parts[3][2] = {
        {a->oem, b->oem},
        {a->mobile_operator, b->mobile_operator},
        {a->model, b->model},
    };
    size_t different = 0;
    size_t characters = 0;
    for (size_t i = 0; i < IV_COUNT(parts); i++) {
        if (!iv_ascii_ieq(parts[i][0], parts[i][1])) {
            different++;
            characters += edit_distance(parts[i][0], parts[i][1]);
        }
    }
    return different == 1 || (different > 1 && characters <= 2);
}

/* As iv_pop_compare(); of spellings of one variant the first bytewise comes first. */
static int compare_pop(const void *a, const void *b)
{
    const struct iv_pop *x = a;
    const struct iv_pop *y = b;
    int order = iv_pop_compare(x, y);
    order = order != 0 ? order : strcmp(x->mobile_operator, y->mobile_operator);
    return order != 0 ? order : strcmp(x->model, y->model);
}

/* Static values first, then by source and group. */
static int compare_group(const void *a, const void *b)
{
    const struct iv_datum *x = a;
    const struct iv_datum *y = b;
    if (x->group == NULL || y->group == NULL) {
        return (x->group != NULL) - (y->group != NULL);
    }
    int order = compare_optional(x->source, y->source);
    return order != 0 ? order : strcmp(x->group, y->group);
}

/* By group, then value; in a group equal values become neighbours, of which list_parts() keeps the
 * first. */
static int compare_part(const void *a, const void *b)
{
    const struct iv_datum *x = a;
    const struct iv_datum *y = b;
    int order = compare_group(x, y);
    order = order != 0 ? order : compare_value(x->name, x->value, y->value);
    return order != 0 ? order : compare_found(x, y);
}

/* The operators, or the models, sorted by compare_group(), each value once in its group. */
struct part_list {
    struct run statics;
    struct run grouped;
};

/* From the parts, which know their groups. A device that was put together by hand (a record, a
 * test) has values alone: those are static then. */
static struct part_list list_parts(const struct iv_device *device, const char *name,
                                   struct iv_arena *arena)
{
    bool has_parts = device->parts != NULL;
    const struct iv_datum *data = has_parts ? device->parts : device->values;
    size_t count = has_parts ? device->part_count : device->value_count;
    struct iv_datum *items = IV_NEW_ARRAY(arena, struct iv_datum, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(data[i].name, name) == 0 && data[i].value[0] != '\0') {
            items[kept++] = data[i];
        }
    }
    if (kept > 1) {
        iv_sort(items, kept, sizeof(*items), compare_part);
    }

    size_t distinct = 0;
    for (size_t i = 0; i < kept; i++) {
        const struct iv_datum *last = distinct > 0 ? &items[distinct - 1] : NULL;
        if (last == NULL || compare_group(last, &items[i]) != 0 ||
            compare_value(name, last->value, items[i].value) != 0) {
            items[distinct++] = items[i];
        }
    }

    size_t statics = 0;
    while (statics < distinct && items[statics].group == NULL) {
        statics++;
    }

    struct run all = {.items = items, .count = distinct};
    struct part_list list = {.statics = {.items = items, .count = statics}};
    list.grouped = rest_of(all, list.statics);
    return list;
}

/* Takes the data of `group` off the front of `rest`. */
static struct run take_group(struct run *rest, const struct iv_datum *group)
{
    size_t count = 0;
    while (count < rest->count && compare_group(&rest->items[count], group) == 0) {
        count++;
    }
    struct run part = {.items = rest->items, .count = count};
    *rest = rest_of(*rest, part);
    return part;
}

/* The variants as they are found; sorted and made unique by iv_device_pops(). */
struct pop_list {
    struct iv_arena *arena;
    const char *oem;
    struct iv_pop *items;
    size_t count;
    size_t capacity;
    bool is_full;
};

/* The cross product. Bounded, since a file of some KiB could otherwise ask for millions of
 * variants. */
static void add_pairs(struct pop_list *list, struct run operators, struct run models)
{
    for (size_t i = 0; i < operators.count && !list->is_full; i++) {
        for (size_t k = 0; k < models.count; k++) {
            if (list->count == IV_DEVICE_POPS_MAX) {
                list->is_full = true;
                return;
            }
            list->items = iv_arena_grow(list->arena, list->items, list->count, &list->capacity,
                                        sizeof(*list->items));
            list->items[list->count++] = (struct iv_pop){
                .oem = list->oem,
                .mobile_operator = operators.items[i].value,
                .model = models.items[k].value,
            };
        }
    }
}

/* Walks both lists, which are in the order of groups, one group at a time. What the group does
 * not say comes from the static values. */
static void pair_groups(struct pop_list *list, const struct part_list *operators,
                        const struct part_list *models)
{
    struct run o = operators->grouped;
    struct run m = models->grouped;
    while ((o.count > 0 || m.count > 0) && !list->is_full) {
        const struct iv_datum *group = o.count > 0 ? o.items : m.items;
        if (o.count > 0 && m.count > 0 && compare_group(m.items, o.items) < 0) {
            group = m.items;
        }
        struct run group_operators = take_group(&o, group);
        struct run group_models = take_group(&m, group);
        add_pairs(list, group_operators.count > 0 ? group_operators : operators->statics,
                  group_models.count > 0 ? group_models : models->statics);
    }
}

/* The variants, unsorted and with repetitions. None when a part is unknown or in conflict: a
 * guess could be compared with the baselines of another variant. `is_full`: there are too many. */
static struct pop_list list_pops(const struct iv_device *device, struct iv_arena *arena)
{
    struct pop_list list = {
        .arena = arena,
        .oem = iv_device_value(device, IV_PHONE_MANUFACTURER),
    };
    if (list.oem == NULL || list.oem[0] == '\0' ||
        iv_device_has_conflict(device, IV_PHONE_MANUFACTURER) ||
        iv_device_has_conflict(device, IV_PHONE_OPERATOR_NAME) ||
        iv_device_has_conflict(device, IV_PHONE_MODEL_NAME)) {
        return list;
    }
    struct part_list operators = list_parts(device, IV_PHONE_OPERATOR_NAME, arena);
    struct part_list models = list_parts(device, IV_PHONE_MODEL_NAME, arena);
    add_pairs(&list, operators.statics, models.statics);
    pair_groups(&list, &operators, &models);
    return list;
}

/* Too many variants are none: part of them would look like all. The rule that asks
 * iv_device_has_too_many_pops() says so. */
void iv_device_pops(const struct iv_device *device, struct iv_arena *arena,
                    struct iv_pop **ret_pops, size_t *ret_count)
{
    struct pop_list list = list_pops(device, arena);
    if (list.is_full) {
        list.count = 0;
    }
    if (list.count > 1) {
        iv_sort(list.items, list.count, sizeof(*list.items), compare_pop);
    }
    size_t kept = 0;
    for (size_t i = 0; i < list.count; i++) {
        if (kept == 0 || iv_pop_compare(&list.items[kept - 1], &list.items[i]) != 0) {
            list.items[kept++] = list.items[i];
        }
    }
    *ret_pops = list.items;
    *ret_count = kept;
}

bool iv_device_has_too_many_pops(const struct iv_device *device)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    return list_pops(device, &arena).is_full;
}

/* Whether some group names the other part only and there is no static value to go with it: a
 * variant that lacks an operator, or a model, beside others that have both. Groups with values of
 * the name are walked along with those of the other part, both in order. */
bool iv_device_has_gap(const struct iv_device *device, const char *name)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    bool is_model = strcmp(name, IV_PHONE_MODEL_NAME) == 0;
    if (!is_model && strcmp(name, IV_PHONE_OPERATOR_NAME) != 0) {
        return false;
    }
    struct part_list own = list_parts(device, name, &arena);
    struct part_list others =
        list_parts(device, is_model ? IV_PHONE_OPERATOR_NAME : IV_PHONE_MODEL_NAME, &arena);
    bool has_gap = false;
    while (own.statics.count == 0 && others.grouped.count > 0 && !has_gap) {
        const struct iv_datum *group = others.grouped.items;
        /* Both lists are in the order of groups: what stands before this one has no part of it. */
        while (own.grouped.count > 0 && compare_group(own.grouped.items, group) < 0) {
            (void)take_group(&own.grouped, own.grouped.items);
        }
        (void)take_group(&others.grouped, group);
        has_gap = take_group(&own.grouped, group).count == 0;
    }
    return has_gap;
}
