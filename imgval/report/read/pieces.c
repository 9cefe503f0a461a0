/*
 * pieces.c: the tables of what is no struct of the model alone, and the frame of a piece: its kind
 * (one byte), its size (32 bits), its place (64 bits), then the struct. What the reader has already
 * checked (the shape of members, words, order) the tables check again as far as a crash could
 * follow; what only makes sense together is for report_read.c.
 */
#include "imgval/report/read/pieces.h"

#include "imgval/base/cursor.h"
#include "imgval/model/fields_rows.h"

/* A text that must be there. */
#define FILLED(object, member, label, use)                                                         \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_STRING, .uses = (use),                                    \
        .offset = CHECKED(object, member, const char *),                                           \
        .shape = IV_SHAPE_NEEDED | IV_SHAPE_FILLED                                                 \
    }

/*
 * One row of a struct of the model has the use that its own table gives it: members of reports
 * (R), of the baseline (COMPARED), of site rules (SITE), of the store (S). Rows here have all that
 * a piece is encoded with.
 */
enum {
    R = IV_FIELD_REPORT,
    SITE = IV_FIELD_SITE,
    S = IV_FIELD_STORED,
};

static const struct iv_field header_fields[] = {
    FILLED(iv_piece_header, tool, "tool", SITE),
    FILLED(iv_piece_header, tool_version, "tool_version", SITE),
    ENUM(iv_piece_header, fail_on, "fail_on", SITE, iv_severity, iv_severity_names),
    BOOL(iv_piece_header, what_if, "what_if", SITE),
    BOOL(iv_piece_header, unconfined, "unconfined", SITE),
    BOOL(iv_piece_header, is_stream, "is_stream", SITE),
    LIST(iv_piece_header, site_rules, site_rule_count, "site_rules", SITE, iv_rule),
};
static const struct iv_struct header_struct = TABLE(iv_piece_header, header_fields);

static const struct iv_field difference_fields[] = {
    FILLED(iv_piece_difference, package, "package", R),
    NUMBER(iv_piece_difference, in, "in", R),
};
static const struct iv_struct iv_piece_difference_struct =
    TABLE(iv_piece_difference, difference_fields);

static const struct iv_field variant_fields[] = {
    STRUCT(iv_piece_variant, variant.pop, "pop", R, iv_pop),
    STRUCT(iv_piece_variant, variant.wspc, "wspc", R, iv_wspc),
    LIST(iv_piece_variant, differences, difference_count, "differences", R, iv_piece_difference),
};
static const struct iv_struct iv_piece_variant_struct = TABLE(iv_piece_variant, variant_fields);

static const struct iv_field outcome_fields[] = {
    FILLED(iv_piece_outcome, rule, "rule", R),
    {
        .name = "outcome",
        .type = IV_TYPE_STRUCT,
        .uses = R,
        .offset = CHECKED(iv_piece_outcome, outcome, struct iv_rule_outcome),
        .of = &iv_outcome_struct,
    },
};
static const struct iv_struct iv_piece_outcome_struct = TABLE(iv_piece_outcome, outcome_fields);

static const struct iv_field finding_fields[] = {
    FILLED(iv_piece_finding, rule, "rule", R),
    STRUCT(iv_piece_finding, finding, "finding", R, iv_finding),
};
static const struct iv_struct finding_struct = TABLE(iv_piece_finding, finding_fields);

static const struct iv_field submission_fields[] = {
    STRUCT(iv_piece_submission, submission, "submission", R, iv_submission),
    STRING(iv_piece_submission, submission.id, "id", R),
    STRUCT(iv_piece_submission, run, "run", R, iv_circumstances),
    STRING(iv_piece_submission, submission.firmware_version, "firmware_version", R),
    ENUM(iv_piece_submission, judgement.verdict, "verdict", R, iv_final_verdict,
         iv_final_verdict_names),
    STRUCT(iv_piece_submission, judgement.counts, "counts", R, iv_counts),
    LIST(iv_piece_submission, submission.device.values, submission.device.value_count, "device", R,
         iv_datum),
    STRUCT(iv_piece_submission, submission.history, "history", R, iv_history),
    STRUCT(iv_piece_submission, submission.oem_input, "oem_input", R, iv_oem_input),
    BOOL(iv_piece_submission, submission.oem_input.has_features, "has_features", R),
    STRUCT(iv_piece_submission, submission.layout, "layout", R, iv_layout),
    BOOL(iv_piece_submission, submission.layout.present, "has_layout", R),
    STRUCT(iv_piece_submission, submission.image, "image", R, iv_image),
    BOOL(iv_piece_submission, submission.image.present, "is_image", R),
    STRUCT(iv_piece_submission, submission.entries, "entries", R, iv_entries),
    LIST(iv_piece_submission, variants, variant_count, "variants", R, iv_piece_variant),
    LIST(iv_piece_submission, outcomes, outcome_count, "outcomes", R, iv_piece_outcome),
};
static const struct iv_struct submission_struct = TABLE(iv_piece_submission, submission_fields);

static const struct iv_field time_fields[] = {
    STRING(iv_piece_time, rule, "rule", R),
    NUMBER(iv_piece_time, wall, "wall", R),
    NUMBER(iv_piece_time, cpu, "cpu", R),
};
static const struct iv_struct iv_piece_time_struct = TABLE(iv_piece_time, time_fields);

static const struct iv_field end_fields[] = {
    ENUM(iv_piece_end, verdict, "verdict", R, iv_final_verdict, iv_final_verdict_names),
    NUMBER(iv_piece_end, submissions, "submissions", R),
    NUMBER(iv_piece_end, packages, "packages", R),
    NUMBER(iv_piece_end, findings, "findings", R),
    BOOL(iv_piece_end, has_timings, "has_timings", R),
    LIST(iv_piece_end, stages, stage_count, "stages", R, iv_piece_time),
    LIST(iv_piece_end, rules, rule_count, "rules", R, iv_piece_time),
};
static const struct iv_struct end_struct = TABLE(iv_piece_end, end_fields);

static const struct iv_field pop_fields[] = {
    FILLED(iv_record_pop, pop.oem, "oem", S),
    FILLED(iv_record_pop, pop.mobile_operator, "operator", S),
    FILLED(iv_record_pop, pop.model, "model", S),
    BOOL(iv_record_pop, baseline, "baseline", S),
    BOOL(iv_record_pop, compliant, "compliant", S),
};
static const struct iv_struct iv_record_pop_struct = TABLE(iv_record_pop, pop_fields);

static const struct iv_field record_fields[] = {
    FILLED(iv_piece_record, record.id, "id", S),
    FILLED(iv_piece_record, record.firmware_version, "firmware_version", S),
    BOOL(iv_piece_record, record.imported, "imported", S),
    NUMBER(iv_piece_record, recorded, "recorded", S),
    LIST(iv_piece_record, record.pops, record.pop_count, "pops", S, iv_record_pop),
    LIST(iv_piece_record, record.packages, record.package_count, "packages", S, iv_package),
    BOOL(iv_piece_record, record.traits.has_identity_keys, "has_identity_keys", S),
    BOOL(iv_piece_record, record.traits.has_features, "has_features", S),
    STRINGS(iv_piece_record, record.traits.features, record.traits.feature_count, "features", S),
    STRUCT(iv_piece_record, record.traits.layout, "layout", S, iv_layout),
    BOOL(iv_piece_record, record.traits.layout.present, "has_layout", S),
};
static const struct iv_struct record_struct = TABLE(iv_piece_record, record_fields);

static const struct iv_field refusal_fields[] = {
    NUMBER(iv_piece_refusal, code, "code", R),
    FILLED(iv_piece_refusal, text, "text", R),
};
static const struct iv_struct refusal_struct = TABLE(iv_piece_refusal, refusal_fields);

/* What each kind is encoded by. */
static const struct form {
    const struct iv_struct *type; /* NULL: nothing */
    unsigned uses;
    bool has_no_needs; /* no text of it must be there by its table */
} forms[] = {
    [IV_PIECE_HEADER] = {.type = &header_struct, .uses = SITE},
    [IV_PIECE_SUBMISSION] = {.type = &submission_struct,
                             .uses = IV_FIELD_REPORT | IV_FIELD_COMPARED},
    [IV_PIECE_PACKAGE] = {.type = &iv_package_struct,
                          .uses = IV_FIELD_REPORT,
                          .has_no_needs = true},
    [IV_PIECE_FINDING] = {.type = &finding_struct, .uses = IV_FIELD_REPORT},
    [IV_PIECE_END] = {.type = &end_struct, .uses = IV_FIELD_REPORT},
    [IV_PIECE_RECORD] = {.type = &record_struct, .uses = IV_FIELD_STORED},
    [IV_PIECE_WHOLE] = {.type = NULL},
    [IV_PIECE_REFUSED] = {.type = &refusal_struct, .uses = IV_FIELD_REPORT},
};

/* Kind, size and place of a piece. */
#define HEAD_SIZE 13

/* The bytes are those of iv_cursor, little-endian on every machine. */
static void put_le(char *place, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        place[i] = (char)(unsigned char)(value >> (8 * i));
    }
}

size_t iv_pieces_begin(struct iv_pieces *pieces)
{
    const size_t begin = pieces->part.size;
    (void)iv_buf_reserve(&pieces->part, HEAD_SIZE);
    pieces->part.size += HEAD_SIZE;
    return begin;
}

/* Sends what there is once it is a good size: a message each would cost more than the pieces. */
void iv_pieces_finish(struct iv_pieces *pieces, size_t begin, enum iv_piece_kind kind,
                      uint64_t place)
{
    enum { FULL = 64 * 1024 };
    struct iv_buf *part = &pieces->part;
    char *head = part->data + begin;
    head[0] = (char)kind;
    put_le(head + 1, part->size - begin - HEAD_SIZE, 4);
    put_le(head + 5, place, 8);
    if (part->size >= FULL) {
        iv_pieces_flush(pieces);
    }
}

void iv_pieces_add(struct iv_pieces *pieces, enum iv_piece_kind kind, uint64_t place,
                   const void *object)
{
    const struct form *form = &forms[kind];
    const size_t begin = iv_pieces_begin(pieces);
    if (form->type != NULL) {
        iv_facts_encode(&pieces->part, form->type, object, form->uses);
    }
    iv_pieces_finish(pieces, begin, kind, place);
}

void iv_pieces_flush(struct iv_pieces *pieces)
{
    if (pieces->part.size > 0) {
        pieces->send(pieces->context, &pieces->part);
        iv_buf_clear(&pieces->part);
    }
}

/* The parent's side of the frame: sizes are checked against the part before anything is looked
 * at. */
bool iv_pieces_next(const void *part, size_t size, size_t *at, struct iv_piece *ret_piece,
                    bool *ret_broken)
{
    struct iv_cursor c = iv_cursor(part, size);
    c.at = *at;
    *ret_broken = false;
    if (iv_cursor_left(&c) == 0) {
        return false;
    }
    uint8_t kind = iv_cursor_u8(&c);
    uint32_t length = iv_cursor_u32(&c);
    uint64_t place = iv_cursor_u64(&c);
    const void *bytes = iv_cursor_take(&c, length);
    if (bytes == NULL || kind < IV_PIECE_HEADER || kind > IV_PIECE_REFUSED) {
        *ret_broken = true;
        return false;
    }
    *at = c.at;
    *ret_piece = (struct iv_piece){
        .kind = (enum iv_piece_kind)kind, .place = place, .bytes = bytes, .size = length};
    return true;
}

/* `texts` keeps equal texts once; NULL: they point into the part, which must live as long. */
bool iv_piece_decode(const struct iv_piece *piece, struct iv_arena *arena, struct iv_texts *texts,
                     void *ret_object)
{
    const struct form *form = &forms[piece->kind];
    if (form->type == NULL) {
        return piece->size == 0;
    }
    const struct iv_facts_memory memory = {.arena = arena, .texts = texts};
    return iv_facts_decode_into(piece->bytes, piece->size, form->type, form->uses, &memory,
                                ret_object) &&
           (form->has_no_needs || iv_facts_are_filled(form->type, form->uses, ret_object));
}
