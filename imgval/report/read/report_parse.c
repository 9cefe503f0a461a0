/*
 * report_parse.c: JSON to pieces. What the field tables describe is read by them; the functions
 * here read the rest. A document is parsed whole, without a tree (json_tape.h), and its submissions
 * are taken apart in order; a stream is parsed line by line in a window over the file. After each
 * piece the arena is set back, so that memory holds one record at a time.
 *
 * Here a text is refused that is not JSON, or lacks a member, or has one of a wrong shape; whether
 * the records agree with each other the parent asks (report_read.c).
 */
#include "imgval/report/read/report_parse.h"

#include "imgval/model/kinds.h"
#include "imgval/model/version.h"
#include "imgval/report/read/json_read.h"
#include "imgval/report/read/package_line.h"
#include "imgval/report/write/json_report.h"

#include <errno.h>
#include <string.h>

/* A report in hand. */
struct parsing {
    struct iv_json_reader reader;
    struct iv_json_document document;
    iv_rule_find_fn *find;
    struct iv_pieces *pieces;
    const struct iv_rule *site_rules;
    size_t site_rule_count;
    struct iv_arena_mark mark;            /* what lies after it is the piece in hand */
    const struct iv_package_lines *lines; /* streams */
    bool has_header;
    bool has_end;
    uint64_t place; /* the line of a stream in hand */
    uint64_t submissions;
    uint64_t packages;
    uint64_t findings;
};

/* The id of a row of rules/ or of the report's own site rules; fails for any other. */
static const char *read_rule(struct parsing *p, const struct iv_json_value *object)
{
    const char *id = iv_json_need_string(&p->reader, object, "id");
    bool is_known = id != NULL && p->find(id) != NULL;
    for (size_t i = 0; !is_known && id != NULL && i < p->site_rule_count; i++) {
        is_known = strcmp(p->site_rules[i].id, id) == 0;
    }
    if (!is_known) {
        iv_json_fail(&p->reader, "there is no rule %s", id == NULL ? "" : id);
    }
    return id;
}

/* Sends a piece and forgets it. A submission and the end begin a part: so the parent may forget the
 * submission before with the parts that it was in. */
static void emit(struct parsing *p, enum iv_piece_kind kind, const void *object)
{
    if (!p->reader.failed) {
        if (kind == IV_PIECE_SUBMISSION || kind == IV_PIECE_END) {
            iv_pieces_flush(p->pieces);
        }
        iv_pieces_add(p->pieces, kind, p->place, object);
        iv_arena_reset(p->reader.arena, p->mark);
    }
}

/* The policy's own rows, as far as a sink prints them. A row of rules/ is never stood in for. */
static void read_site_rules(struct parsing *p, const struct iv_json_value *object,
                            struct iv_piece_header *header)
{
    struct iv_json_reader *reader = &p->reader;
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "site_rules", &count);
    header->site_rules = IV_NEW_ARRAY(reader->arena, struct iv_rule, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        struct iv_rule *rule = &header->site_rules[i];
        iv_json_read_fields(reader, item, &iv_rule_struct, IV_FIELD_SITE, rule);
        if (rule->id != NULL && p->find(rule->id) != NULL) {
            iv_json_fail(reader, "%s is no site rule", rule->id);
        }
        iv_json_context(reader, "site_rules[%zu]", i);
    }
    header->site_rule_count = count;
    p->site_rules = header->site_rules;
    p->site_rule_count = reader->failed ? 0 : count;
}

/* What a document says at its top, and a stream in its first record. Its rules stay in memory. */
static void read_header(struct parsing *p, const struct iv_json_value *object, bool is_stream)
{
    struct iv_json_reader *reader = &p->reader;
    struct iv_piece_header header = {.is_stream = is_stream};
    const char *schema = iv_json_need_string(reader, object, "schema");
    if (schema != NULL && strcmp(schema, IV_JSON_REPORT_SCHEMA) != 0) {
        iv_json_fail(reader, "the schema is %s; this imgval reads " IV_JSON_REPORT_SCHEMA, schema);
    }
    IV_JSON_REQUIRE(reader, object, "tool", "fail_on");
    const struct iv_json_value *tool = iv_json_get_object(reader, object, "tool");
    header.tool = iv_json_need_string(reader, tool, "name");
    header.tool_version = iv_json_need_string(reader, tool, "version");
    header.fail_on =
        (enum iv_severity)iv_json_get_word(reader, object, "fail_on", iv_severity_names);
    header.what_if = iv_json_get_bool(reader, object, "what_if");
    header.unconfined = iv_json_get_bool(reader, object, "unconfined");
    read_site_rules(p, object, &header);
    p->mark = iv_arena_mark(reader->arena);
    emit(p, IV_PIECE_HEADER, &header);
}

/* Microseconds in the report, nanoseconds in the model. */
static void read_span(struct iv_json_reader *reader, const struct iv_json_value *object,
                      struct iv_piece_time *ret_time)
{
    uint64_t wall = iv_json_get_uint(reader, object, "wall_us");
    uint64_t cpu = iv_json_get_uint(reader, object, "cpu_us");
    if (wall > UINT64_MAX / 1000 || cpu > UINT64_MAX / 1000) {
        iv_json_fail(reader, "more microseconds than there are");
    }
    ret_time->wall = wall * 1000;
    ret_time->cpu = cpu * 1000;
}

/* By name: a stage that a report does not have took no time. */
static void read_stages(struct iv_json_reader *reader, const struct iv_json_value *object,
                        struct iv_piece_end *end)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "stages", &count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        int stage = item == NULL ? 0 : iv_json_get_word(reader, item, "stage", iv_stage_names);
        if (!reader->failed && stage >= 0 && stage < IV_STAGES) {
            read_span(reader, item, &end->stages[stage]);
        }
        iv_json_context(reader, "stages[%zu]", i);
    }
}

/* Only where somebody asked for them. */
static void read_timings(struct parsing *p, const struct iv_json_value *object,
                         struct iv_piece_end *end)
{
    struct iv_json_reader *reader = &p->reader;
    const struct iv_json_value *member = iv_json_get_object(reader, object, "timings");
    if (member == NULL || reader->failed) {
        return;
    }
    end->has_timings = true;
    end->stages = IV_NEW_ARRAY(reader->arena, struct iv_piece_time, IV_STAGES);
    end->stage_count = IV_STAGES;
    read_stages(reader, member, end);
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, member, "rules", &count);
    end->rules = IV_NEW_ARRAY(reader->arena, struct iv_piece_time, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item != NULL) {
            end->rules[i].rule = read_rule(p, item);
            read_span(reader, item, &end->rules[i]);
        }
        iv_json_context(reader, "rules[%zu]", i);
    }
    end->rule_count = count;
    iv_json_context(reader, "timings");
}

/* The values of all names of a device, to allocate them at once. */
static size_t count_values(struct parsing *p, const struct iv_json_value *device)
{
    size_t total = 0;
    struct iv_json_member member = {0};
    while (iv_json_next(device, &member)) {
        size_t count = 0;
        (void)iv_json_as_array(&p->reader, member.value, &count);
        total += count;
    }
    return total;
}

/* All but the group must be there. */
static void read_datum(struct iv_json_reader *reader, const struct iv_json_value *item,
                       const char *name, struct iv_datum *ret_datum)
{
    *ret_datum = (struct iv_datum){
        .name = name,
        .value = iv_json_need_string(reader, item, "value"),
        .source = iv_json_need_string(reader, item, "source"),
        .group = iv_json_get_string(reader, item, "group"),
        .rank = (enum iv_rank)iv_json_get_word(reader, item, "rank", iv_rank_names),
    };
}

/* An object whose members are names of values: their order is that of the report. */
static void read_device(struct parsing *p, const struct iv_json_value *object,
                        struct iv_device *ret_device)
{
    struct iv_json_reader *reader = &p->reader;
    const struct iv_json_value *device = iv_json_get_object(reader, object, "device");
    if (device == NULL) {
        return;
    }
    ret_device->values = IV_NEW_ARRAY(reader->arena, struct iv_datum, count_values(p, device));
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

/* Packages that not all sides have, each with the sides that do. */
static void read_differences(struct iv_json_reader *reader, const struct iv_json_value *object,
                             struct iv_piece_variant *variant)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "differences", &count);
    variant->differences = IV_NEW_ARRAY(reader->arena, struct iv_piece_difference, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        IV_JSON_REQUIRE(reader, item, "package", "in");
        variant->differences[i].package = iv_json_need_string(reader, item, "package");
        size_t places = 0;
        const char **words = iv_json_get_strings(reader, item, "in", &places);
        for (size_t k = 0; k < places && !reader->failed; k++) {
            variant->differences[i].in |= read_place(reader, words[k]);
        }
        iv_json_context(reader, "differences[%zu]", i);
    }
    variant->difference_count = count;
}

/* The comparison as it was reported. It is not made again: the baselines are not here. */
static void read_variants(struct iv_json_reader *reader, const struct iv_json_value *object,
                          struct iv_piece_submission *piece)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "variants", &count);
    piece->variants = IV_NEW_ARRAY(reader->arena, struct iv_piece_variant, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        struct iv_piece_variant *variant = &piece->variants[i];
        iv_json_read_fields(reader, item, &iv_pop_struct, IV_FIELD_REPORT, &variant->variant.pop);
        iv_json_read_fields(reader, item, &iv_wspc_struct, IV_FIELD_REPORT | IV_FIELD_COMPARED,
                            &variant->variant.wspc);
        read_differences(reader, item, variant);
        iv_json_context(reader, "variants[%zu]", i);
    }
    piece->variant_count = count;
}

/* The history, OEM input, layout and image of a submission, as far as it had them. */
static void read_side_files(struct iv_json_reader *reader, const struct iv_json_value *object,
                            struct iv_submission *s)
{
    const struct iv_json_value *history = iv_json_get_object(reader, object, "history");
    if (history != NULL) {
        iv_json_read_fields(reader, history, &iv_history_struct, IV_FIELD_REPORT, &s->history);
    }
    const struct iv_json_value *oem_input = iv_json_get_object(reader, object, "oem_input");
    if (oem_input != NULL) {
        iv_json_read_fields(reader, oem_input, &iv_oem_input_struct, IV_FIELD_REPORT,
                            &s->oem_input);
        /* Earlier versions wrote none. */
        s->oem_input.has_features = iv_json_has(oem_input, "features");
    }
    const struct iv_json_value *layout = iv_json_get_object(reader, object, "layout");
    if (layout != NULL) {
        iv_json_read_fields(reader, layout, &iv_layout_struct, IV_FIELD_REPORT, &s->layout);
        s->layout.present = true;
        for (size_t i = 0; i < s->layout.partition_count && !reader->failed; i++) {
            if (s->layout.partitions[i].name == NULL) {
                iv_json_fail(reader, "layout: a partition without a name");
            }
        }
    }
    const struct iv_json_value *image = iv_json_get_object(reader, object, "image");
    if (image != NULL) {
        iv_json_read_fields(reader, image, &iv_image_struct, IV_FIELD_REPORT, &s->image);
        s->image.present = true;
        if (s->image.path == NULL || s->image.format == NULL) {
            iv_json_fail(reader, "an image without path or format");
        }
    }
}

/* What became of all entries. */
static void read_entries(struct iv_json_reader *reader, const struct iv_json_value *object,
                         struct iv_entries *entries)
{
    const struct iv_json_value *value = iv_json_get_object(reader, object, "entries");
    if (value == NULL) {
        return;
    }
    const struct iv_json_value *irrelevant = iv_json_get_object(reader, value, "irrelevant");
    for (size_t fate = 0; fate < IV_FATES; fate++) {
        const struct iv_json_value *from = fate < IV_FATE_FOLDER ? value : irrelevant;
        entries->of[fate] = from == NULL ? 0 : iv_json_get_uint(reader, from, iv_fate_names[fate]);
    }
    entries->is_cut = iv_json_get_bool(reader, value, "cut");
    if (iv_entries_total(entries) != iv_json_get_uint(reader, value, "total")) {
        iv_json_fail(reader, "entries: the total is not the sum of the parts");
    }
}

/* What the table cannot read is the rule: a pointer to a row. */
static void read_outcomes(struct parsing *p, const struct iv_json_value *object,
                          struct iv_piece_submission *piece)
{
    struct iv_json_reader *reader = &p->reader;
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "outcomes", &count);
    piece->outcomes = IV_NEW_ARRAY(reader->arena, struct iv_piece_outcome, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        piece->outcomes[i].rule = read_rule(p, item);
        iv_json_read_fields(reader, item, &iv_outcome_struct, IV_FIELD_REPORT,
                            &piece->outcomes[i].outcome);
        iv_json_context(reader, "outcomes[%zu]", i);
    }
    piece->outcome_count = count;
}

/* They must be there: the parent counts again and compares. */
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

/* Everything of a submission but its packages and findings. */
static void read_submission(struct parsing *p, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &p->reader;
    struct iv_piece_submission piece = {0};
    struct iv_submission *s = &piece.submission;
    iv_json_read_fields(reader, object, &iv_submission_struct, IV_FIELD_REPORT | IV_FIELD_ID, s);
    iv_json_read_fields(reader, object, &iv_circumstances_struct, IV_FIELD_REPORT, &piece.run);
    IV_JSON_REQUIRE(reader, object, "verdict", "firmware_version", "device", "variants", "outcomes",
                    "counts");
    s->firmware_version = iv_json_get_string(reader, object, "firmware_version");
    piece.judgement.verdict =
        (enum iv_final_verdict)iv_json_get_word(reader, object, "verdict", iv_final_verdict_names);
    read_device(p, object, &s->device);
    read_side_files(reader, object, s);
    read_entries(reader, object, &s->entries);
    read_variants(reader, object, &piece);
    read_outcomes(p, object, &piece);
    read_counts(reader, object, &piece.judgement.counts);
    p->submissions++;
    emit(p, IV_PIECE_SUBMISSION, &piece);
}

/* Members that a package must have, be it with null. */
static const char *const package_members[] = {
    "name",  "key",    "style", "version", "partition", "owner_type", "removal", "binary_partition",
    "empty", "origin", "path",  NULL,
};

/* `number` follows from the version and is checked here, so that the parent need not fail on it. */
static void read_package(struct parsing *p, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &p->reader;
    struct iv_package package = {0};
    struct iv_version number;
    iv_json_require(reader, object, package_members);
    iv_json_read_fields(reader, object, &iv_package_struct, IV_FIELD_REPORT, &package);
    if (package.name == NULL || package.key == NULL) {
        iv_json_fail(reader, "a package without name or key");
    }
    if (package.version != NULL && !iv_version_parse(package.version, &number)) {
        iv_json_fail(reader, "a package's version is not four numbers from 0 to 65535");
    }
    p->packages++;
    emit(p, IV_PIECE_PACKAGE, &package);
}

/* Its rule must exist, or no sink could name it. */
static void read_finding(struct parsing *p, const struct iv_json_value *object)
{
    struct iv_piece_finding piece = {.rule = read_rule(p, object)};
    iv_json_read_fields(&p->reader, object, &iv_finding_struct, IV_FIELD_REPORT, &piece.finding);
    p->findings++;
    emit(p, IV_PIECE_FINDING, &piece);
}

/* Calls `read` for every object of an array that must be there. */
static void read_all(struct parsing *p, const struct iv_json_value *object, const char *name,
                     void (*read)(struct parsing *, const struct iv_json_value *))
{
    size_t count = 0;
    IV_JSON_REQUIRE(&p->reader, object, name);
    const struct iv_json_value *array = iv_json_get_array(&p->reader, object, name, &count);
    for (size_t i = 0; i < count && !p->reader.failed; i++) {
        const struct iv_json_value *item = iv_json_item(&p->reader, array, i);
        if (item != NULL) {
            read(p, item);
        }
        iv_json_context(&p->reader, "%s[%zu]", name, i);
    }
}

/* In this order, whatever the order of the text: packages and findings need a submission. */
static void read_entry(struct parsing *p, const struct iv_json_value *object)
{
    read_submission(p, object);
    read_all(p, object, "packages", read_package);
    read_all(p, object, "findings", read_finding);
}

/* In the reader process: a document, submission by submission. */
bool iv_report_parse(const struct iv_report_text *text, iv_rule_find_fn *find,
                     struct iv_pieces *pieces, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct parsing p = {.reader = {.arena = &arena, .err = err}, .find = find, .pieces = pieces};
    const struct iv_json_value *value;
    p.document.is_map = text->is_map;
    bool is_read = iv_json_parse(&p.document, text->bytes, text->size, 1, &value, err);
    if (is_read && !iv_json_is_object(value)) {
        iv_json_fail(&p.reader, "line 1, column 1: a report is a JSON object");
    } else if (is_read) {
        struct iv_piece_end end = {0};
        read_header(&p, value, false);
        end.verdict = (enum iv_final_verdict)iv_json_get_word(&p.reader, value, "verdict",
                                                              iv_final_verdict_names);
        read_all(&p, value, "submissions", read_entry);
        read_timings(&p, value, &end);
        end.submissions = p.submissions;
        end.packages = p.packages;
        end.findings = p.findings;
        emit(&p, IV_PIECE_END, &end);
    }
    iv_json_close(&p.document);
    return is_read && !p.reader.failed;
}

/* ---- streams --------------------------------------------------------------------------------- */

/* The last record of a stream: with its counts it shows that no record was lost. */
static void read_end(struct parsing *p, const struct iv_json_value *object)
{
    struct iv_json_reader *reader = &p->reader;
    struct iv_piece_end end = {0};
    end.verdict =
        (enum iv_final_verdict)iv_json_get_word(reader, object, "verdict", iv_final_verdict_names);
    const struct iv_json_value *counts = iv_json_get_object(reader, object, "counts");
    end.submissions = iv_json_get_uint(reader, counts, "submissions");
    end.packages = iv_json_get_uint(reader, counts, "packages");
    end.findings = iv_json_get_uint(reader, counts, "findings");
    read_timings(p, object, &end);
    emit(p, IV_PIECE_END, &end);
    p->has_end = true;
}

/* A record below a submission: it belongs to the last one. */
static void check_owner(struct parsing *p, const struct iv_json_value *object)
{
    uint64_t index = iv_json_get_uint(&p->reader, object, "submission");
    if (p->submissions == 0 || index != p->submissions - 1) {
        iv_json_fail(&p->reader, "the record belongs to no submission before it");
    }
}

/* One record, by the order that a stream must have: header, then submissions with their packages
 * and findings, then the end and nothing more. */
static void read_record(struct parsing *p, const struct iv_json_value *object)
{
    static const char *const records[] = {"header",  "submission", "package",
                                          "finding", "end",        NULL};
    struct iv_json_reader *reader = &p->reader;
    int record = iv_json_get_word(reader, object, "record", records);
    if (!reader->failed && ((record == 0) == p->has_header || p->has_end)) {
        iv_json_fail(reader, "a %s record has no place here", records[record]);
    }
    if (record == 0) {
        read_header(p, object, true);
        p->has_header = true;
    } else if (record == 1) {
        if (iv_json_get_uint(reader, object, "index") != p->submissions) {
            iv_json_fail(reader, "member \"index\" does not count on");
        }
        read_submission(p, object);
    } else if (record == 4) {
        read_end(p, object);
    } else {
        check_owner(p, object);
        if (!reader->failed) {
            (record == 2 ? read_package : read_finding)(p, object);
        }
    }
}

/* The most frequent record, as imgval writes it. False: the line is to be looked at in full. */
static bool read_package_line(struct parsing *p, const struct iv_line *line)
{
    if (!p->has_header || p->has_end || p->submissions == 0) {
        return false;
    }
    const size_t begin = iv_pieces_begin(p->pieces);
    if (!iv_package_lines_encode(p->lines, line->text, line->size, p->submissions - 1,
                                 &p->pieces->part)) {
        p->pieces->part.size = begin;
        return false;
    }
    iv_pieces_finish(p->pieces, begin, IV_PIECE_PACKAGE, p->place);
    p->packages++;
    return true;
}

/* One line. False: the stream ends here, because it is cut off within it or is wrong. Only a last
 * line without a newline counts as cut off; a whole line that is not JSON is an error. */
static bool read_line(void *context, const struct iv_line *line, struct iv_error *err)
{
    struct parsing *p = context;
    const struct iv_json_value *value;
    struct iv_error why = {0};
    p->place = line->number;
    if (read_package_line(p, line)) {
        return true;
    }
    if (!iv_json_parse(&p->document, line->text, line->size, line->number, &value, &why)) {
        if (line->is_whole || !p->has_header || p->has_end || why.code != IV_ERROR_INVALID) {
            *err = why;
        }
        return false;
    }
    if (iv_json_is_object(value)) {
        read_record(p, value);
    } else {
        iv_json_fail(&p->reader, "a record is a JSON object");
    }
    iv_json_context(&p->reader, "line %zu, column 1", line->number);
    return !p->reader.failed;
}

/* In the reader process: a stream, line by line. One that is cut off is read as far as it goes; the
 * missing end record says so to the parent. */
bool iv_stream_parse(struct iv_window *window, iv_rule_find_fn *find, struct iv_pieces *pieces,
                     struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct parsing p = {.reader = {.arena = &arena, .err = err}, .find = find, .pieces = pieces};
    p.lines = iv_package_lines_new(package_members, &arena);
    p.mark = iv_arena_mark(&arena);
    bool is_read = iv_window_lines(window, read_line, &p, err);
    iv_json_close(&p.document);
    return is_read || err->code == IV_ERROR_NONE;
}
