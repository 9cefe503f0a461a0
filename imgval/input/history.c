/*
 * UpdateHistory.xml. The final state follows the algorithm that Microsoft documents for it: events
 * whose UpdateState is "Update Complete", by Sequence (DateTime goes back and forth on real
 * phones); for each package the last one wins, under its composed name. A package whose last entry
 * removes it stays in the result, marked so.
 *
 * PackageFile is where a phone happened to have the package: an update stages it as 138.cab, the
 * next one another as 138.cab. It names a package only where the identity is missing.
 */
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/manifest.h"
#include "imgval/input/metadata.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Faults of one history that are reported one by one. */
#define FAULTS_MAX 20

/* One package of one event. */
struct entry {
    struct iv_package package;
    const char *file;     /* PackageFile */
    const char *identity; /* PackageIdentity: <name>~<token>~<arch>~<lang>~<version> */
    int64_t sequence;     /* of the event */
    size_t order;         /* in the document: settles equal sequences */
    bool is_removal_type; /* PackageType Removal */
    bool is_malformed;
};

struct history {
    const struct iv_reader *r;
    const struct iv_document *doc;
    struct entry **entries; /* of complete events, and of the event in hand */
    size_t count;
    size_t capacity;
    size_t event_start; /* first entry of the event in hand */
    struct entry *now;  /* the package in hand */
    bool is_complete;
    bool has_sequence;
    bool is_over_limit;
    int64_t sequence;
    uint64_t complete_events;
    size_t faults;
};

/* Counted past the maximum, for the last fault to say how many there were. */
static void fault(struct history *h, enum iv_fault_kind kind, uint64_t line, const char *detail)
{
    if (h->faults++ < FAULTS_MAX) {
        struct iv_fault f = {.kind = kind, .line = line, .detail = detail};
        iv_reader_metadata_fault(h->r, NULL, h->doc, &f);
    }
}

IV_PRINTF(3, 4)
static void malformed(struct history *h, uint64_t line, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    fault(h, IV_FAULT_MALFORMED, line, text);
}

/* --------------------------------------------------------------------------------------- events */

/* Whether the event counts is known at its end alone; until then its packages are at the end of the
 * list. */
static void on_event_start(void *context, const struct iv_xml_element *e)
{
    (void)e;
    struct history *h = context;
    h->event_start = h->count;
    h->is_complete = false;
    h->has_sequence = false;
}

/* xs:int. */
static bool parse_int(const char *text, int64_t *ret_value)
{
    bool negative = *text == '-';
    text += negative || *text == '+';
    uint64_t value;
    if (!iv_parse_decimal(text, strlen(text), INT32_MAX, &value)) {
        return false;
    }
    *ret_value = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static void on_sequence(void *context, const struct iv_xml_element *e)
{
    struct history *h = context;
    const char *text = iv_reader_trimmed(h->r->scratch, e->text);
    if (text == NULL || !parse_int(text, &h->sequence)) {
        malformed(h, e->line, "<Sequence> is '%s', not a number",
                  text == NULL ? "" : iv_reader_shown(h->r, text));
    }
    h->has_sequence = true;
}

/* Any other word, also one that is not known, is an update that did not end. */
static void on_state(void *context, const struct iv_xml_element *e)
{
    struct history *h = context;
    h->is_complete = iv_ascii_ieq(iv_reader_trimmed(h->r->scratch, e->text), "Update Complete");
}

/* Packages of an event that was not completed are taken off again: the device never had them. */
static void on_event_end(void *context, const struct iv_xml_element *e)
{
    struct history *h = context;
    if (!h->is_complete) {
        h->count = h->event_start;
        return;
    }
    if (!h->has_sequence) {
        /* It goes on from the event before it. */
        malformed(h, e->line, "an event without <Sequence>");
    }
    h->complete_events++;
    for (; h->event_start < h->count; h->event_start++) {
        h->entries[h->event_start]->sequence = h->sequence;
    }
}

/* ------------------------------------------------------------------------------------- packages */

/* In scratch: only what wins in the end is copied into the facts. */
static void on_package_start(void *context, const struct iv_xml_element *e)
{
    (void)e;
    struct history *h = context;
    h->now = IV_NEW(h->r->scratch, struct entry);
}

#define TEXT_ELEMENT(function, member)                                                             \
    static void function(void *context, const struct iv_xml_element *e)                            \
    {                                                                                              \
        struct history *h = context;                                                               \
        h->now->member = iv_reader_trimmed(h->r->scratch, e->text);                                \
    }

TEXT_ELEMENT(on_owner, package.owner)
TEXT_ELEMENT(on_component, package.component)
TEXT_ELEMENT(on_sub_component, package.sub_component)
TEXT_ELEMENT(on_release_type, package.release_type)
TEXT_ELEMENT(on_build_type, package.build_type)
TEXT_ELEMENT(on_cpu, package.cpu)
TEXT_ELEMENT(on_partition, package.partition)
TEXT_ELEMENT(on_culture, package.culture)
TEXT_ELEMENT(on_resolution, package.resolution)
TEXT_ELEMENT(on_platform, package.platform)
TEXT_ELEMENT(on_grouping_key, package.grouping_key)
TEXT_ELEMENT(on_file, file)
TEXT_ELEMENT(on_identity, identity)

static void on_owner_type(void *context, const struct iv_xml_element *e)
{
    struct history *h = context;
    const char *text = iv_reader_trimmed(h->r->scratch, e->text);
    h->now->package.owner_type = text;
    if (text != NULL && !iv_reader_is_owner_type(text)) {
        malformed(h, e->line, "<OwnerType> is '%s', which is no owner type",
                  iv_reader_shown(h->r, text));
        h->now->is_malformed = true;
    }
}

static void on_version(void *context, const struct iv_xml_element *e)
{
    static const char *const parts[] = {"Major", "Minor", "QFE", "Build"};
    struct history *h = context;
    struct iv_version number = {0};
    const char *text[4];
    for (size_t i = 0; i < IV_COUNT(parts); i++) {
        uint64_t value = 0;
        text[i] = iv_xml_attribute(e, parts[i]);
        if (text[i] == NULL || !iv_parse_decimal(text[i], strlen(text[i]), UINT16_MAX, &value)) {
            malformed(h, e->line, "%s of <Version> is '%s', not a number from 0 to 65535", parts[i],
                      text[i] == NULL ? "" : iv_reader_shown(h->r, text[i]));
            h->now->is_malformed = true;
            return;
        }
        number.part[i] = (uint16_t)value;
    }
    h->now->package.number = number;
    h->now->package.version =
        iv_arena_printf(h->r->scratch, "%s.%s.%s.%s", text[0], text[1], text[2], text[3]);
}

/* A flag that cannot be read makes the entry malformed: whether the package is there depends on
 * it. */
static void set_bool(struct history *h, const struct iv_xml_element *e, const char *name,
                     bool *place)
{
    const char *text = iv_reader_trimmed(h->r->scratch, e->text);
    if (text == NULL || !iv_reader_parse_bool(text, place)) {
        malformed(h, e->line, "<%s> is '%s', neither true nor false", name,
                  text == NULL ? "" : iv_reader_shown(h->r, text));
        h->now->is_malformed = true;
    }
}

static void on_removal(void *context, const struct iv_xml_element *e)
{
    struct history *h = context;
    set_bool(h, e, "IsRemoval", &h->now->package.removal);
}

static void on_binary_partition(void *context, const struct iv_xml_element *e)
{
    struct history *h = context;
    set_bool(h, e, "IsBinaryPartition", &h->now->package.binary_partition);
}

/* Another word leaves it to the file name: see style_of(). */
static void on_style(void *context, const struct iv_xml_element *e)
{
    struct history *h = context;
    const char *text = iv_reader_trimmed(h->r->scratch, e->text);
    if (iv_ascii_ieq(text, "CBS")) {
        h->now->package.style = IV_STYLE_CBS;
    } else if (iv_ascii_ieq(text, "SPKG")) {
        h->now->package.style = IV_STYLE_SPKG;
    }
}

/* One word decides whether the package is there: one that is not known must not count as another.
 */
static void on_type(void *context, const struct iv_xml_element *e)
{
    static const char *const words[] = {"Canonical", "Diff", "Removal", "Invalid"};
    struct history *h = context;
    const char *text = iv_reader_trimmed(h->r->scratch, e->text);
    h->now->is_removal_type = iv_ascii_ieq(text, "Removal");
    bool is_known = text == NULL;
    for (size_t i = 0; i < IV_COUNT(words); i++) {
        is_known = is_known || iv_ascii_ieq(text, words[i]);
    }
    if (!is_known) {
        malformed(h, e->line, "<PackageType> is '%s', which is no type of a package",
                  iv_reader_shown(h->r, text));
        h->now->is_malformed = true;
    }
}

/* Whether the path leads through the folder in which a phone stages packages that remove others. */
static bool is_recall_path(const char *path)
{
    static const char folder[] = "RecallPackages";
    const char *found = path;
    while ((found = iv_ascii_ifind(found, folder)) != NULL) {
        const char *end = found + strlen(folder);
        if ((found == path || found[-1] == '/' || found[-1] == '\\') &&
            (*end == '/' || *end == '\\')) {
            return true;
        }
        found = end;
    }
    return false;
}

/* The part of <name>~<token>~<arch>~<lang>~<version> at a place; NULL: not there, or empty. */
static const char *identity_part(const struct history *h, const char *identity, size_t place)
{
    for (; identity != NULL && place > 0; place--) {
        identity = strchr(identity, '~');
        identity = identity == NULL ? NULL : identity + 1;
    }
    size_t length = identity == NULL ? 0 : strcspn(identity, "~");
    return length == 0 ? NULL : iv_arena_strndup(h->r->scratch, identity, length);
}

/* CBS by what only CBS has; else by the file, for which a phone's numbered .cab is CBS, too. */
static enum iv_style style_of(const struct entry *entry, const char *file)
{
    if (entry->package.style != IV_STYLE_UNKNOWN) {
        return entry->package.style;
    }
    return entry->identity != NULL ? IV_STYLE_CBS : iv_package_style_of_name(file);
}

/* All that was read of one package is there: what it is, whether it is gone, and its key. */
static void set_name(struct history *h, struct entry *entry)
{
    struct iv_package *package = &entry->package;
    const char *path = entry->file == NULL ? "" : entry->file;
    const char *file = iv_reader_last_part(path);
    const char *arch = identity_part(h, entry->identity, 2);
    package->container = IV_CONTAINER_HISTORY;
    package->style = style_of(entry, file);
    package->removal = package->removal || entry->is_removal_type ||
                       iv_package_is_removal_name(file) || is_recall_path(path);
    package->identity_name = identity_part(h, entry->identity, 0);
    if (package->owner == NULL && package->culture == NULL) {
        package->culture = identity_part(h, entry->identity, 3);
    }
    if (arch != NULL && strchr(arch, '.') != NULL) {
        package->cpu = arch; /* CpuType has no word for a guest */
    }
    if (package->style != IV_STYLE_CBS) {
        package->binary_partition = false; /* false for every SPKG on real phones: says nothing */
    }
    iv_package_set_key(h->r->scratch, package, path);
}

/* What is longer than any name is not kept: a document that deflates well may hold megabytes in one
 * element, thousands of times. The entry is not believed then. */
static void cap_texts(struct history *h, uint64_t line, struct entry *entry)
{
    const uint64_t limit = h->r->limits->package_text;
    const char **const own[] = {&entry->file, &entry->identity};
    for (size_t i = 0; i < iv_package_struct.field_count + IV_COUNT(own); i++) {
        const bool is_own = i >= iv_package_struct.field_count;
        const struct iv_field *field = is_own ? NULL : &iv_package_struct.fields[i];
        if (!is_own && field->type != IV_TYPE_STRING) {
            continue;
        }
        const char **place = is_own ? own[i - iv_package_struct.field_count]
                                    : (const char **)((char *)&entry->package + field->offset);
        static const char *const names[] = {"PackageFile", "PackageIdentity"};
        const char *name = is_own ? names[i - iv_package_struct.field_count] : field->name;
        if (*place != NULL && strlen(*place) > limit) {
            fault(h, IV_FAULT_LIMIT, line,
                  iv_reader_printf(h->r, "%s of a package has %zu bytes, the limit is %" PRIu64,
                                   name, strlen(*place), limit));
            *place = NULL;
            entry->is_malformed = true;
        }
    }
}

/*
 * The package in hand is complete. A damaged entry still is a package that was installed: it is
 * kept under what name it has. Updates come as diff packages (.spku); what they leave behind is a
 * whole package, so no entry is marked as a diff.
 */
static void on_package_end(void *context, const struct iv_xml_element *e)
{
    struct history *h = context;
    struct entry *now = h->now;
    struct iv_package *package = &now->package;
    cap_texts(h, e->line, now);
    set_name(h, now);
    if (*package->key == '\0') {
        malformed(h, e->line,
                  "a package without <Identity>, whose <PackageFile> '%s' does not name it either",
                  now->file == NULL ? "" : iv_reader_shown(h->r, now->file));
        return;
    }
    if (h->count >= h->r->limits->packages) {
        if (!h->is_over_limit) {
            fault(h, IV_FAULT_LIMIT, e->line,
                  iv_reader_printf(h->r, "more than %" PRIu64 " packages in the history",
                                   h->r->limits->packages));
        }
        h->is_over_limit = true;
        return;
    }
    package->unreadable = now->is_malformed;
    now->order = h->count;
    h->entries =
        iv_arena_grow(h->r->scratch, h->entries, h->count, &h->capacity, sizeof(struct entry *));
    h->entries[h->count++] = now;
}

/* ----------------------------------------------------------------------------------- final state
 */

/* By key; of one key, the entry that wins is the last. */
static int compare_entry(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a;
    const struct entry *y = *(const struct entry *const *)b;
    int order = strcmp(x->package.key, y->package.key);
    if (order == 0 && x->sequence != y->sequence) {
        order = x->sequence < y->sequence ? -1 : 1;
    }
    if (order == 0) {
        order = x->order < y->order ? -1 : 1;
    }
    return order;
}

/* From scratch to the facts. */
static void keep(const struct history *h, const struct entry *entry, struct iv_package *package)
{
    struct iv_arena *arena = h->r->arena;
    const struct iv_package *from = &entry->package;
    *package = *from;
    package->path = h->doc->path;
    package->origin = IV_ORIGIN_HISTORY;
    package->name = iv_arena_strdup(arena, from->name);
    package->key = iv_arena_strdup(arena, from->key);
    package->identity_name = iv_arena_strdup(arena, from->identity_name);
    package->owner = iv_arena_strdup(arena, from->owner);
    package->component = iv_arena_strdup(arena, from->component);
    package->sub_component = iv_arena_strdup(arena, from->sub_component);
    package->culture = iv_arena_strdup(arena, from->culture);
    package->resolution = iv_arena_strdup(arena, from->resolution);
    package->version = iv_arena_strdup(arena, from->version);
    package->partition = iv_arena_strdup(arena, from->partition);
    package->owner_type = iv_arena_strdup(arena, from->owner_type);
    package->release_type = iv_arena_strdup(arena, from->release_type);
    package->build_type = iv_arena_strdup(arena, from->build_type);
    package->cpu = iv_arena_strdup(arena, from->cpu);
    package->platform = iv_arena_strdup(arena, from->platform);
    package->grouping_key = iv_arena_strdup(arena, from->grouping_key);
}

/* One package a key: the last entry of each run after sorting. */
static void finish(struct history *h, struct iv_history *history)
{
    if (h->count > 1) {
        iv_sort(h->entries, h->count, sizeof(struct entry *), compare_entry);
    }
    history->complete = h->complete_events > 0;
    history->event_count = h->complete_events;
    history->packages = IV_NEW_ARRAY(h->r->arena, struct iv_package, h->count);
    for (size_t i = 0; i < h->count; i++) {
        bool is_last = i + 1 == h->count ||
                       strcmp(h->entries[i]->package.key, h->entries[i + 1]->package.key) != 0;
        if (is_last) {
            keep(h, h->entries[i], &history->packages[history->package_count++]);
        }
    }
}

#define EVENT "UpdateHistory/UpdateEvents/UpdateEvent"
#define PACKAGE EVENT "/UpdateOSOutput/Packages/Package"

static const struct iv_xml_row rows[] = {
    {.path = "UpdateHistory"},
    {.path = "UpdateHistory/UpdateEvents", .once = true},
    {.path = EVENT, .start = on_event_start, .end = on_event_end},
    {.path = EVENT "/Sequence", .end = on_sequence, .once = true},
    {.path = EVENT "/UpdateOSOutput", .once = true},
    {.path = EVENT "/UpdateOSOutput/Packages", .once = true},
    {.path = EVENT "/UpdateOSOutput/UpdateState", .end = on_state, .once = true},
    {.path = PACKAGE, .start = on_package_start, .end = on_package_end},
    {.path = PACKAGE "/PackageFile", .end = on_file, .once = true},
    {.path = PACKAGE "/PackageIdentity", .end = on_identity, .once = true},
    {.path = PACKAGE "/PackageStyle", .end = on_style, .once = true},
    {.path = PACKAGE "/PackageType", .end = on_type, .once = true},
    {.path = PACKAGE "/ReleaseType", .end = on_release_type, .once = true},
    {.path = PACKAGE "/OwnerType", .end = on_owner_type, .once = true},
    {.path = PACKAGE "/BuildType", .end = on_build_type, .once = true},
    {.path = PACKAGE "/CpuType", .end = on_cpu, .once = true},
    {.path = PACKAGE "/Partition", .end = on_partition, .once = true},
    {.path = PACKAGE "/Culture", .end = on_culture, .once = true},
    {.path = PACKAGE "/Resolution", .end = on_resolution, .once = true},
    {.path = PACKAGE "/Platform", .end = on_platform, .once = true},
    {.path = PACKAGE "/GroupingKey", .end = on_grouping_key, .once = true},
    {.path = PACKAGE "/IsRemoval", .end = on_removal, .once = true},
    {.path = PACKAGE "/IsBinaryPartition", .end = on_binary_partition, .once = true},
    {.path = PACKAGE "/Identity", .once = true},
    {.path = PACKAGE "/Identity/Owner", .end = on_owner, .once = true},
    {.path = PACKAGE "/Identity/Component", .end = on_component, .once = true},
    {.path = PACKAGE "/Identity/SubComponent", .end = on_sub_component, .once = true},
    {.path = PACKAGE "/Identity/Version", .start = on_version, .once = true},
};

static const char *const namespaces[] = {
    "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate",
    NULL,
};

void iv_history_read(const struct iv_reader *r, const struct iv_document *doc)
{
    struct history h = {.r = r, .doc = doc};
    struct iv_xml_table table = {
        .namespaces = namespaces,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    struct iv_fault broken = {0};
    size_t space = 0;
    bool whole = iv_reader_xml(r, doc, &table, &h, &space, &broken);
    if (!whole) {
        /* An event that was cut off never came to its end: its packages are not counted. */
        h.count = h.event_start;
        iv_reader_metadata_fault(r, NULL, doc, &broken);
    }
    if (h.faults > FAULTS_MAX) {
        struct iv_fault more = {
            .kind = IV_FAULT_MALFORMED,
            .detail = iv_reader_printf(r, "and %zu more malformed entries", h.faults - FAULTS_MAX),
        };
        iv_reader_metadata_fault(r, NULL, doc, &more);
    }
    finish(&h, &r->facts->history);
}
