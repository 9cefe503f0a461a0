/*
 * report_read.c: both forms of a report go through one loader. A document is parsed whole and its
 * submissions are read in order; a stream is parsed line by line, and each record adds to the last
 * submission. What the field tables describe is read by them; the functions here read the rest.
 *
 * A report may come from anybody, so nothing in it is believed: every array grows with what was
 * read, a rule must exist, and each submission is checked against its own findings, counts and
 * verdict (report_check.h) as soon as it is whole. A "pass" that its findings contradict is
 * refused.
 *
 * iv_stream_read() reads streams of any length in a window over the file. After each submission the
 * arena is set back to where the header ended, so that memory holds one submission at a time. For
 * the same reason it shares no texts: they would be lost with the submission that came first.
 */
#include "imgval/report/read/report_read.h"

#include "imgval/base/file.h"
#include "imgval/model/kinds.h"
#include "imgval/report/read/json_read.h"
#include "imgval/report/read/report_check.h"
#include "imgval/report/write/json_report.h"

#include <stdlib.h>
#include <string.h>

/* A report in the making. Everything grows with the text read, never with a count in it. */
struct loader {
    struct iv_json_reader reader;
    struct iv_json_document document;
    iv_rule_find_fn *find;
    struct iv_report report;
    size_t entry_capacity;
    struct iv_submission *submission; /* of the last entry */
    size_t package_capacity;
    size_t finding_capacity;
    bool has_header; /* streams */
    bool has_end;
    size_t packages; /* of all entries */
    size_t findings;
    iv_report_entry_fn *each; /* streams that are handed over entry by entry; NULL: kept */
    void *context;
    size_t delivered;            /* entries that were handed over */
    enum iv_final_verdict worst; /* of the entries that are whole */
    struct iv_arena_mark mark;   /* what lies after it is the entry in hand */
};

bool iv_json_is_stream(const char *bytes, size_t size)
{
    return iv_json_mentions(bytes, size, "schema", "imgval-report/") &&
           iv_json_mentions(bytes, size, "record", "header");
}

bool iv_json_is_report(const char *bytes, size_t size)
{
    return iv_json_mentions(bytes, size, "schema", "imgval-report/") &&
           !iv_json_mentions(bytes, size, "record", "header");
}

#define REQUIRE(reader, object, ...)                                                               \
    iv_json_require((reader), (object), (const char *const[]){__VA_ARGS__, NULL})

/* A string that must be there and not null. */
static const char *need_string(struct iv_json_reader *reader, const struct iv_json_value *object,
                               const char *name)
{
    const char *text = iv_json_get_string(reader, object, name);
    if (text == NULL) {
        iv_json_fail(reader, "member \"%s\" is missing", name);
    }
    return text;
}

/* A row of rules/ or of the report's own site rules; fails for any other id. */
static const struct iv_rule *read_rule(struct loader *loader, const struct iv_json_value *object)
{
    const char *id = need_string(&loader->reader, object, "id");
    const struct iv_rule *rule = id == NULL ? NULL : loader->find(id);
    for (size_t i = 0; rule == NULL && id != NULL && i < loader->report.site_rule_count; i++) {
        if (strcmp(loader->report.site_rules[i].id, id) == 0) {
            rule = &loader->report.site_rules[i];
        }
    }
    if (rule == NULL) {
        iv_json_fail(&loader->reader, "there is no rule %s", id == NULL ? "" : id);
    }
    return rule;
}

/* The policy's own rows, as far as a sink prints them. A row of rules/ is never stood in for. */
static void read_site_rules(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "site_rules", &count);
    struct iv_rule *rules = IV_NEW_ARRAY(reader->arena, struct iv_rule, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        rules[i] = (struct iv_rule){.applies = IV_APPLIES_ALL};
        iv_json_read_fields(reader, item, &iv_rule_struct, IV_FIELD_SITE, &rules[i]);
        if (rules[i].id != NULL && loader->find(rules[i].id) != NULL) {
            iv_json_fail(reader, "%s is no site rule", rules[i].id);
        }
        iv_json_context(reader, "site_rules[%zu]", i);
    }
    loader->report.site_rules = rules;
    loader->report.site_rule_count = count;
}

/* What a document says at its top, and a stream in its first record. */
static void read_header(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    const char *schema = need_string(reader, object, "schema");
    if (schema != NULL && strcmp(schema, IV_JSON_REPORT_SCHEMA) != 0) {
        iv_json_fail(reader, "the schema is %s; this imgval reads " IV_JSON_REPORT_SCHEMA, schema);
    }
    REQUIRE(reader, object, "tool", "fail_on");
    const struct iv_json_value *tool = iv_json_get_object(reader, object, "tool");
    loader->report.tool = need_string(reader, tool, "name");
    loader->report.tool_version = need_string(reader, tool, "version");
    loader->report.fail_on =
        (enum iv_severity)iv_json_get_word(reader, object, "fail_on", iv_severity_names);
    loader->report.what_if = iv_json_get_bool(reader, object, "what_if");
    loader->report.unconfined = iv_json_get_bool(reader, object, "unconfined");
    read_site_rules(loader, object);
}

/* Microseconds in the report, nanoseconds in the model. */
static struct iv_span read_span(struct iv_json_reader *reader, const struct iv_json_value *object)
{
    uint64_t wall = iv_json_get_uint(reader, object, "wall_us");
    uint64_t cpu = iv_json_get_uint(reader, object, "cpu_us");
    if (wall > UINT64_MAX / 1000 || cpu > UINT64_MAX / 1000) {
        iv_json_fail(reader, "more microseconds than there are");
    }
    return (struct iv_span){.wall = wall * 1000, .cpu = cpu * 1000};
}

static void read_stages(struct iv_json_reader *reader, const struct iv_json_value *object,
                        struct iv_timings *timings)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "stages", &count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        int stage = item == NULL ? 0 : iv_json_get_word(reader, item, "stage", iv_stage_names);
        if (!reader->failed && stage >= 0 && stage < IV_STAGES) {
            timings->stages[stage] = read_span(reader, item);
        }
        iv_json_context(reader, "stages[%zu]", i);
    }
}

/* Only where somebody asked for them. */
static void read_timings(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    const struct iv_json_value *member = iv_json_get_object(reader, object, "timings");
    if (member == NULL || reader->failed) {
        return;
    }
    struct iv_timings *timings = IV_NEW(reader->arena, struct iv_timings);
    read_stages(reader, member, timings);
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, member, "rules", &count);
    timings->rules = IV_NEW_ARRAY(reader->arena, struct iv_rule_time, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item != NULL) {
            timings->rules[i].rule = read_rule(loader, item);
            timings->rules[i].span = read_span(reader, item);
        }
        iv_json_context(reader, "rules[%zu]", i);
    }
    timings->rule_count = count;
    iv_json_context(reader, "timings");
    loader->report.timings = timings;
}

/* The values of all names of a device, to allocate them at once. */
static size_t count_values(struct loader *loader, const struct iv_json_value *device)
{
    size_t total = 0;
    struct iv_json_member member = {0};
    while (iv_json_next(device, &member)) {
        size_t count = 0;
        (void)iv_json_as_array(&loader->reader, member.value, &count);
        total += count;
    }
    return total;
}

static void read_datum(struct iv_json_reader *reader, const struct iv_json_value *item,
                       const char *name, struct iv_datum *ret_datum)
{
    *ret_datum = (struct iv_datum){
        .name = name,
        .value = need_string(reader, item, "value"),
        .source = need_string(reader, item, "source"),
        .group = iv_json_get_string(reader, item, "group"),
        .rank = (enum iv_rank)iv_json_get_word(reader, item, "rank", iv_rank_names),
    };
}

static void read_device(struct loader *loader, const struct iv_json_value *object,
                        struct iv_device *ret_device)
{
    struct iv_json_reader *reader = &loader->reader;
    const struct iv_json_value *device = iv_json_get_object(reader, object, "device");
    if (device == NULL) {
        return;
    }
    ret_device->values = IV_NEW_ARRAY(reader->arena, struct iv_datum, count_values(loader, device));
    struct iv_json_member member = {0};
    while (iv_json_next(device, &member)) {
        size_t count = 0;
        const struct iv_json_value *array = iv_json_as_array(reader, member.value, &count);
        const char *name = iv_arena_strndup(reader->arena, member.name, member.name_size);
        for (size_t i = 0; i < count && !reader->failed; i++) {
            read_datum(reader, iv_json_item(reader, array, i), name,
                       &ret_device->values[ret_device->value_count++]);
        }
    }
    iv_json_context(reader, "device");
}

/* The bit of a word of "in": the submission itself, or a baseline in one direction from it. */
static unsigned read_place(struct iv_json_reader *reader, const char *word)
{
    if (word != NULL && strcmp(word, IV_JSON_IN_SUBMISSION) == 0) {
        return IV_IN_SUBMISSION;
    }
    for (unsigned i = IV_OLDER; i <= IV_SAME; i++) {
        if (word != NULL && strcmp(word, iv_direction_names[i]) == 0) {
            return 1u << i;
        }
    }
    iv_json_fail(reader, "\"in\" knows no such place");
    return 0;
}

static void read_differences(struct iv_json_reader *reader, const struct iv_json_value *object,
                             struct iv_wspc *wspc)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "differences", &count);
    wspc->differences = IV_NEW_ARRAY(reader->arena, struct iv_wspc_difference, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        REQUIRE(reader, item, "package", "in");
        wspc->differences[i].name = need_string(reader, item, "package");
        size_t places = 0;
        const char **words = iv_json_get_strings(reader, item, "in", &places);
        for (size_t k = 0; k < places && !reader->failed; k++) {
            wspc->differences[i].in |= read_place(reader, words[k]);
        }
        iv_json_context(reader, "differences[%zu]", i);
    }
    wspc->difference_count = count;
}

static void read_variants(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    struct iv_submission *submission = loader->submission;
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "variants", &count);
    submission->variants = IV_NEW_ARRAY(reader->arena, struct iv_variant, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        struct iv_variant *variant = &submission->variants[i];
        iv_json_read_fields(reader, item, &iv_pop_struct, IV_FIELD_REPORT, &variant->pop);
        iv_json_read_fields(reader, item, &iv_wspc_struct, IV_FIELD_REPORT | IV_FIELD_COMPARED,
                            &variant->wspc);
        read_differences(reader, item, &variant->wspc);
        variant->list_age_days = -1;
        iv_json_context(reader, "variants[%zu]", i);
    }
    submission->variant_count = count;
}

/* The history, OEM input, layout and image of a submission, as far as it had them. */
static void read_side_files(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    const struct iv_json_value *history = iv_json_get_object(reader, object, "history");
    if (history != NULL) {
        iv_json_read_fields(reader, history, &iv_history_struct, IV_FIELD_REPORT,
                            &loader->submission->history);
    }
    const struct iv_json_value *oem_input = iv_json_get_object(reader, object, "oem_input");
    if (oem_input != NULL) {
        iv_json_read_fields(reader, oem_input, &iv_oem_input_struct, IV_FIELD_REPORT,
                            &loader->submission->oem_input);
        /* Earlier versions wrote none. */
        loader->submission->oem_input.has_features = iv_json_has(oem_input, "features");
    }
    const struct iv_json_value *layout = iv_json_get_object(reader, object, "layout");
    if (layout != NULL) {
        struct iv_layout *read = &loader->submission->layout;
        iv_json_read_fields(reader, layout, &iv_layout_struct, IV_FIELD_REPORT, read);
        read->present = true;
        for (size_t i = 0; i < read->partition_count && !reader->failed; i++) {
            if (read->partitions[i].name == NULL) {
                iv_json_fail(reader, "layout: a partition without a name");
            }
        }
    }
    const struct iv_json_value *image = iv_json_get_object(reader, object, "image");
    if (image != NULL) {
        iv_json_read_fields(reader, image, &iv_image_struct, IV_FIELD_REPORT,
                            &loader->submission->image);
        loader->submission->image.present = true;
        if (loader->submission->image.path == NULL || loader->submission->image.format == NULL) {
            iv_json_fail(reader, "an image without path or format");
        }
    }
}

static void read_outcomes(struct loader *loader, const struct iv_json_value *object,
                          struct iv_judgement *judgement)
{
    struct iv_json_reader *reader = &loader->reader;
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "outcomes", &count);
    judgement->outcomes = IV_NEW_ARRAY(reader->arena, struct iv_rule_outcome, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        judgement->outcomes[i].rule = read_rule(loader, item);
        iv_json_read_fields(reader, item, &iv_outcome_struct, IV_FIELD_REPORT,
                            &judgement->outcomes[i]);
        iv_json_context(reader, "outcomes[%zu]", i);
    }
    judgement->outcome_count = count;
}

static void read_counts(struct iv_json_reader *reader, const struct iv_json_value *object,
                        struct iv_counts *ret_counts)
{
    const struct iv_json_value *counts = iv_json_get_object(reader, object, "counts");
    if (counts == NULL) {
        iv_json_fail(reader, "member \"counts\" is missing");
        return;
    }
    iv_json_read_fields(reader, counts, &iv_counts_struct, IV_FIELD_REPORT, ret_counts);
    iv_json_context(reader, "counts");
}

/* The members of a submission itself, and the circumstances that stand between them. */
static void read_names_of_submission(struct loader *loader, const struct iv_json_value *object,
                                     struct iv_circumstances *ret_run)
{
    struct iv_json_reader *reader = &loader->reader;
    struct iv_submission *s = loader->submission;
    iv_json_read_fields(reader, object, &iv_submission_struct, IV_FIELD_REPORT | IV_FIELD_ID, s);
    iv_json_read_fields(reader, object, &iv_circumstances_struct, IV_FIELD_REPORT, ret_run);
    REQUIRE(reader, object, "verdict", "firmware_version", "device", "variants", "outcomes",
            "counts");
    s->firmware_version = iv_json_get_string(reader, object, "firmware_version");
    s->firmware_version_valid =
        s->firmware_version != NULL && iv_version_parse(s->firmware_version, &s->number);
}

static struct iv_report_entry *last_entry(struct loader *loader)
{
    return &loader->report.entries[loader->report.entry_count - 1];
}

/* Everything of a submission but its packages and findings, as a new entry. */
static void read_submission(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_report *report = &loader->report;
    report->entries = iv_arena_grow(loader->reader.arena, report->entries, report->entry_count,
                                    &loader->entry_capacity, sizeof(*report->entries));
    struct iv_report_entry *entry = &report->entries[report->entry_count++];
    loader->submission = IV_NEW(loader->reader.arena, struct iv_submission);
    loader->package_capacity = 0;
    loader->finding_capacity = 0;
    struct iv_circumstances *run = IV_NEW(loader->reader.arena, struct iv_circumstances);
    *entry = (struct iv_report_entry){.submission = loader->submission, .run = run};
    read_names_of_submission(loader, object, run);
    entry->judgement.verdict = (enum iv_final_verdict)iv_json_get_word(
        &loader->reader, object, "verdict", iv_final_verdict_names);
    read_device(loader, object, &loader->submission->device);
    read_side_files(loader, object);
    read_variants(loader, object);
    read_outcomes(loader, object, &entry->judgement);
    read_counts(&loader->reader, object, &entry->judgement.counts);
    loader->submission->unreadable_count = entry->judgement.counts.unreadable;
}

static void read_package(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    struct iv_submission *s = loader->submission;
    REQUIRE(reader, object, "name", "key", "style", "version", "partition", "owner_type", "removal",
            "binary_partition", "empty", "origin", "path");
    s->packages = iv_arena_grow(reader->arena, s->packages, s->package_count,
                                &loader->package_capacity, sizeof(*s->packages));
    struct iv_package *package = &s->packages[s->package_count++];
    *package = (struct iv_package){0};
    iv_json_read_fields(reader, object, &iv_package_struct, IV_FIELD_REPORT, package);
    if (package->name == NULL || package->key == NULL) {
        iv_json_fail(reader, "a package without name or key");
    }
    if (package->version != NULL && !iv_version_parse(package->version, &package->number)) {
        iv_json_fail(reader, "a package's version is not four numbers from 0 to 65535");
    }
    loader->packages++;
}

static void read_finding(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    struct iv_judgement *judgement = &last_entry(loader)->judgement;
    judgement->findings =
        iv_arena_grow(reader->arena, judgement->findings, judgement->finding_count,
                      &loader->finding_capacity, sizeof(*judgement->findings));
    struct iv_finding *finding = &judgement->findings[judgement->finding_count++];
    *finding = (struct iv_finding){.rule = read_rule(loader, object)};
    iv_json_read_fields(reader, object, &iv_finding_struct, IV_FIELD_REPORT, finding);
    loader->findings++;
}

/* Calls `read` for every object of an array that must be there. */
static void read_all(struct loader *loader, const struct iv_json_value *object, const char *name,
                     void (*read)(struct loader *, const struct iv_json_value *))
{
    size_t count = 0;
    REQUIRE(&loader->reader, object, name);
    const struct iv_json_value *array = iv_json_get_array(&loader->reader, object, name, &count);
    for (size_t i = 0; i < count && !loader->reader.failed; i++) {
        const struct iv_json_value *item = iv_json_item(&loader->reader, array, i);
        if (item != NULL) {
            read(loader, item);
        }
        iv_json_context(&loader->reader, "%s[%zu]", name, i);
    }
}

/* The packages are complete: the set over them may be built. */
static void finish_submission(struct loader *loader)
{
    if (loader->submission != NULL && !loader->reader.failed) {
        iv_set_build(loader->submission->packages, loader->submission->package_count,
                     loader->reader.arena, &loader->submission->set);
    }
}

/* The last entry is whole: it must agree with itself. What is handed over entry by entry says
 * itself that packages are lost. */
static void check_entry(struct loader *loader)
{
    if (loader->report.entry_count == 0 || loader->reader.failed) {
        return;
    }
    const struct iv_report_entry *entry = last_entry(loader);
    const char *why = iv_report_contradiction(entry, loader->report.fail_on, loader->each == NULL,
                                              loader->reader.arena);
    if (why != NULL) {
        iv_json_fail(&loader->reader, "the report contradicts itself: of %s %s",
                     entry->submission->path == NULL ? "a submission" : entry->submission->path,
                     why);
    }
    if (entry->judgement.verdict > loader->worst) {
        loader->worst = entry->judgement.verdict;
    }
}

/* The verdict of a report is the worst of those of its submissions. */
static void check_report(struct loader *loader)
{
    bool any = loader->delivered + loader->report.entry_count > 0;
    if (!loader->reader.failed && any && loader->report.verdict != loader->worst) {
        iv_json_fail(&loader->reader,
                     "the report contradicts itself: its verdict is %s, and that "
                     "of its submissions %s",
                     iv_final_verdict_names[loader->report.verdict],
                     iv_final_verdict_names[loader->worst]);
    }
}

/* Room for as many as the arrays have: growing would leave as much again unused in the arena. */
static void reserve_room(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    size_t packages = 0;
    size_t findings = 0;
    (void)iv_json_get_array(reader, object, "packages", &packages);
    (void)iv_json_get_array(reader, object, "findings", &findings);
    if (!reader->failed) {
        loader->submission->packages = IV_NEW_ARRAY(reader->arena, struct iv_package, packages);
        loader->package_capacity = packages;
        struct iv_judgement *judgement = &last_entry(loader)->judgement;
        judgement->findings = IV_NEW_ARRAY(reader->arena, struct iv_finding, findings);
        loader->finding_capacity = findings;
    }
}

static void read_entry(struct loader *loader, const struct iv_json_value *object)
{
    read_submission(loader, object);
    reserve_room(loader, object);
    read_all(loader, object, "packages", read_package);
    read_all(loader, object, "findings", read_finding);
    finish_submission(loader);
    check_entry(loader);
}

static bool read_document(struct loader *loader, const char *bytes, size_t size)
{
    const struct iv_json_value *value;
    if (!iv_json_parse(&loader->document, bytes, size, 1, &value, loader->reader.err)) {
        return false;
    }
    if (!iv_json_is_object(value)) {
        iv_json_fail(&loader->reader, "line 1, column 1: a report is a JSON object");
        return false;
    }
    read_header(loader, value);
    loader->report.verdict = (enum iv_final_verdict)iv_json_get_word(
        &loader->reader, value, "verdict", iv_final_verdict_names);
    read_all(loader, value, "submissions", read_entry);
    check_report(loader);
    read_timings(loader, value);
    loader->has_end = true;
    return !loader->reader.failed;
}

/* The last record of a stream: with its counts it shows that no record was lost. */
static void read_end(struct loader *loader, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &loader->reader;
    loader->report.verdict =
        (enum iv_final_verdict)iv_json_get_word(reader, object, "verdict", iv_final_verdict_names);
    const struct iv_json_value *counts = iv_json_get_object(reader, object, "counts");
    if (iv_json_get_uint(reader, counts, "submissions") !=
            loader->delivered + loader->report.entry_count ||
        iv_json_get_uint(reader, counts, "packages") != loader->packages ||
        iv_json_get_uint(reader, counts, "findings") != loader->findings) {
        iv_json_fail(reader, "the counts of the end record are not those of the stream");
    }
    check_entry(loader);
    check_report(loader);
    read_timings(loader, object);
    loader->has_end = true;
}

/* A record below a submission: it belongs to the last one. */
static void check_owner(struct loader *loader, const struct iv_json_value *object)
{
    uint64_t index = iv_json_get_uint(&loader->reader, object, "submission");
    if (loader->report.entry_count == 0 ||
        index != loader->delivered + loader->report.entry_count - 1) {
        iv_json_fail(&loader->reader, "the record belongs to no submission before it");
    }
}

/* Whether as many packages follow as the submission said. */
static bool has_all_packages(const struct iv_report_entry *entry)
{
    size_t own = 0;
    for (size_t i = 0; i < entry->submission->package_count; i++) {
        own += entry->submission->packages[i].origin == IV_ORIGIN_SUBMISSION ? 1 : 0;
    }
    return own == entry->judgement.counts.packages;
}

/* Hands the finished entry over and forgets it. Only one that another record follows, the next
 * submission or the end, can be whole. */
static void deliver(struct loader *loader, bool is_followed)
{
    if (loader->each == NULL || loader->report.entry_count == 0 || loader->reader.failed) {
        return;
    }
    const struct iv_report_entry *entry = last_entry(loader);
    loader->each(loader->context, entry, is_followed && has_all_packages(entry));
    iv_arena_reset(loader->reader.arena, loader->mark);
    loader->delivered++;
    loader->report.entries = NULL;
    loader->report.entry_count = 0;
    loader->entry_capacity = 0;
    loader->submission = NULL;
}

/* One record, by the order that a stream must have: header, then submissions with their packages
 * and findings, then the end and nothing more. */
static void read_record(struct loader *loader, const struct iv_json_value *object)
{
    static const char *const records[] = {"header",  "submission", "package",
                                          "finding", "end",        NULL};
    struct iv_json_reader *reader = &loader->reader;
    int record = iv_json_get_word(reader, object, "record", records);
    if (!reader->failed && ((record == 0) == loader->has_header || loader->has_end)) {
        iv_json_fail(reader, "a %s record has no place here", records[record]);
    }
    if (record == 0) {
        read_header(loader, object);
        loader->has_header = true;
        loader->mark = iv_arena_mark(reader->arena);
    } else if (record == 1) {
        finish_submission(loader);
        check_entry(loader);
        deliver(loader, true);
        if (iv_json_get_uint(reader, object, "index") !=
            loader->delivered + loader->report.entry_count) {
            iv_json_fail(reader, "member \"index\" does not count on");
        }
        read_submission(loader, object);
    } else if (record == 4) {
        read_end(loader, object);
    } else {
        check_owner(loader, object);
        if (!reader->failed) {
            (record == 2 ? read_package : read_finding)(loader, object);
        }
    }
}

/* The worst verdict of the submissions; a stream without an end has none of its own. Of the last
 * submission packages and findings may be lost, so that nothing may show it as a pass. */
static void set_part(struct loader *loader)
{
    struct iv_report *report = &loader->report;
    report->is_part = true;
    report->verdict = IV_VERDICT_INCOMPLETE;
    if (report->entry_count > 0 && last_entry(loader)->judgement.verdict == IV_VERDICT_PASS) {
        last_entry(loader)->judgement.verdict = IV_VERDICT_INCOMPLETE;
    }
    for (size_t i = 0; i < report->entry_count; i++) {
        if (report->entries[i].judgement.verdict > report->verdict) {
            report->verdict = report->entries[i].judgement.verdict;
        }
    }
}

/* One line. False: the stream ends here, because it is cut off within it or (failed) is wrong. Only
 * a last line without a newline counts as cut off; a whole line that is not JSON is an error. */
static bool read_line(struct loader *loader, const char *line, size_t size, size_t number,
                      bool whole, bool *ret_failed)
{
    const struct iv_json_value *value;
    struct iv_error why = {0};
    *ret_failed = false;
    if (!iv_json_parse(&loader->document, line, size, number, &value, &why)) {
        if (!whole && loader->has_header && !loader->has_end && why.code == IV_ERROR_INVALID) {
            return false; /* cut off within a record */
        }
        *loader->reader.err = why;
        *ret_failed = true;
        return false;
    }
    if (iv_json_is_object(value)) {
        read_record(loader, value);
    } else {
        iv_json_fail(&loader->reader, "a record is a JSON object");
    }
    if (loader->reader.failed) {
        iv_json_context(&loader->reader, "line %zu, column 1", number);
        *ret_failed = true;
    }
    return !loader->reader.failed;
}

static bool read_stream(struct loader *loader, const char *bytes, size_t size)
{
    struct iv_json_lines lines = {.text = bytes, .size = size};
    const char *line = NULL;
    size_t line_size = 0;
    bool whole = false;
    bool failed = false;
    while (iv_json_next_line(&lines, &line, &line_size, &whole) &&
           read_line(loader, line, line_size, lines.number, whole, &failed)) {
    }
    if (failed) {
        return false;
    }
    finish_submission(loader);
    if (!loader->has_end) {
        set_part(loader);
    }
    return true;
}

/* The bytes of a stream that are in hand: whole lines, and what is left of the last one. */
struct window {
    struct iv_buf buf;
    uint64_t offset; /* of the next bytes in the file */
    size_t line;     /* lines before the buffer */
    bool at_end;
};

/* Adds more bytes after what is left. */
static bool fill_window(int fd, struct window *window, struct iv_error *err)
{
    enum { CHUNK = 256 * 1024 };
    char *place = iv_buf_reserve(&window->buf, CHUNK);
    int64_t got = iv_file_read_at(fd, place, CHUNK, window->offset);
    if (got < 0) {
        return iv_error_errno(err, "reading");
    }
    window->buf.size += (size_t)got;
    window->buf.data[window->buf.size] = '\0';
    window->offset += (uint64_t)got;
    window->at_end = got == 0;
    return true;
}

/* Reads every line that is whole (at the end: all) and keeps the rest. False: the stream ends. */
static bool read_window(struct loader *loader, struct window *window, bool *ret_failed)
{
    size_t used = window->buf.size;
    while (!window->at_end && used > 0 && window->buf.data[used - 1] != '\n') {
        used--;
    }

    struct iv_json_lines lines = {.text = iv_buf_text(&window->buf), .size = used};
    lines.number = window->line;
    const char *line = NULL;
    size_t size = 0;
    bool whole = false;
    while (iv_json_next_line(&lines, &line, &size, &whole)) {
        if (!read_line(loader, line, size, lines.number, whole, ret_failed)) {
            return false;
        }
    }

    window->line = lines.number;
    if (used > 0) {
        memmove(window->buf.data, window->buf.data + used, window->buf.size - used);
        window->buf.size -= used;
    }
    return true;
}

bool iv_stream_read(int fd, iv_rule_find_fn *find, iv_report_entry_fn *each, void *context,
                    bool *ret_complete, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct window window = {0};
    struct loader loader = {.reader = {.arena = &arena, .err = err},
                            .find = find,
                            .each = each,
                            .context = context,
                            .mark = iv_arena_mark(&arena)};
    bool failed = false;
    bool goes_on = true;
    while (goes_on && !window.at_end && !failed) {
        if (!fill_window(fd, &window, err)) {
            failed = true;
        } else if (window.buf.size > IV_STREAM_LINE_MAX) {
            failed = !iv_error_set(err, IV_ERROR_INVALID, "line %zu: a record of more than 64 MiB",
                                   window.line + 1);
        } else {
            goes_on = read_window(&loader, &window, &failed);
        }
    }

    iv_buf_fini(&window.buf);
    iv_json_close(&loader.document);
    if (failed) {
        return false;
    }
    finish_submission(&loader);
    deliver(&loader, loader.has_end);
    *ret_complete = loader.has_end;
    return true;
}

bool iv_report_read(const char *bytes, size_t size, iv_rule_find_fn *find, struct iv_arena *arena,
                    struct iv_report *ret_report, bool *ret_complete, struct iv_error *err)
{
    if (size > IV_REPORT_READ_MAX) {
        return iv_error_set(err, IV_ERROR_INVALID, "a report of more than 256 MiB");
    }
    struct iv_json_recent *recent = iv_malloc(sizeof(*recent));
    *recent = (struct iv_json_recent){0};
    struct loader loader = {.reader = {.arena = arena, .recent = recent, .err = err}, .find = find};
    bool is_read = iv_json_is_stream(bytes, size) ? read_stream(&loader, bytes, size)
                                                  : read_document(&loader, bytes, size);
    iv_json_close(&loader.document);
    free(recent);
    if (!is_read) {
        return false;
    }
    *ret_report = loader.report;
    *ret_complete = loader.has_end;
    return true;
}
