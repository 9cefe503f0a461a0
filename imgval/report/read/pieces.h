/*
 * pieces.h: what a reader process makes of a saved document (a report, a stream, an export bundle,
 * a list of packages), on its way to the parent: one piece for each record of a stream. A report
 * that is one document is taken apart into the same pieces, so that the parent knows one form.
 *
 * Pieces are structs of the model, encoded by their tables (model/facts.h), one after the other in
 * parts of some 64 KiB. The parent believes none of them: it decodes them within their bounds,
 * looks for every text that must be there, and judges their order and counts (report_read.c).
 */
#ifndef IMGVAL_REPORT_READ_PIECES_H
#define IMGVAL_REPORT_READ_PIECES_H

#include "imgval/base/buf.h"
#include "imgval/base/texts.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/facts.h"
#include "imgval/model/record.h"
#include "imgval/model/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_piece_kind {
    IV_PIECE_HEADER = 1,
    IV_PIECE_SUBMISSION, /* without its packages and findings, which follow */
    IV_PIECE_PACKAGE,
    IV_PIECE_FINDING,
    IV_PIECE_END,     /* of a report or stream; a stream that is cut off has none */
    IV_PIECE_RECORD,  /* of a bundle */
    IV_PIECE_WHOLE,   /* the document was read to its end */
    IV_PIECE_REFUSED, /* it cannot be read; the last piece, as the one before */
};

struct iv_piece_header {
    const char *tool;
    const char *tool_version;
    enum iv_severity fail_on;
    bool what_if;
    bool unconfined;
    bool is_stream;
    struct iv_rule *site_rules;
    size_t site_rule_count;
};

/* In where: IV_IN_... */
struct iv_piece_difference {
    const char *package;
    uint64_t in;
};

struct iv_piece_variant {
    struct iv_variant variant;
    struct iv_piece_difference *differences;
    size_t difference_count;
};

/* Rules travel as their ids: pointers mean nothing to the parent. */
struct iv_piece_outcome {
    const char *rule;
    struct iv_rule_outcome outcome;
};

struct iv_piece_finding {
    const char *rule;
    struct iv_finding finding;
};

struct iv_piece_submission {
    struct iv_submission submission;
    struct iv_circumstances run;
    struct iv_judgement judgement; /* its verdict and counts */
    struct iv_piece_variant *variants;
    size_t variant_count;
    struct iv_piece_outcome *outcomes;
    size_t outcome_count;
};

struct iv_piece_time {
    const char *rule;
    uint64_t wall; /* nanoseconds */
    uint64_t cpu;
};

struct iv_piece_end {
    enum iv_final_verdict verdict;
    uint64_t submissions;
    uint64_t packages;
    uint64_t findings;
    bool has_timings;
    struct iv_piece_time *stages; /* IV_STAGES of them, where there are timings */
    size_t stage_count;
    struct iv_piece_time *rules;
    size_t rule_count;
};

struct iv_piece_record {
    struct iv_record record; /* all but `recorded` */
    uint64_t recorded;       /* two's complement */
};

struct iv_piece_refusal {
    uint64_t code; /* enum iv_error_code */
    const char *text;
};

/* Where pieces go: `send` is called with a part that is full, and empties it. */
typedef void iv_pieces_send_fn(void *context, struct iv_buf *part);

struct iv_pieces {
    struct iv_buf part;
    iv_pieces_send_fn *send;
    void *context;
};

/* `object`: of the struct of that kind, see above; packages are struct iv_package. NULL for
 * IV_PIECE_WHOLE. `place`: the line of a stream or bundle that it stands in, for messages. */
void iv_pieces_add(struct iv_pieces *pieces, enum iv_piece_kind kind, uint64_t place,
                   const void *object);
/* The same in two steps, for a piece that is encoded by the caller: where its bytes begin in the
 * part, to which it appends them; and its end. Set back to the beginning, the part has no piece. */
size_t iv_pieces_begin(struct iv_pieces *pieces);
void iv_pieces_finish(struct iv_pieces *pieces, size_t begin, enum iv_piece_kind kind,
                      uint64_t place);
/* Sends what there is, so that the parent has all pieces so far. */
void iv_pieces_flush(struct iv_pieces *pieces);

/* One piece of a part, in the parent. */
struct iv_piece {
    enum iv_piece_kind kind;
    uint64_t place;
    const void *bytes;
    size_t size;
};

/* Takes the next piece. False at the end, and where there is none: then *ret_broken. */
bool iv_pieces_next(const void *part, size_t size, size_t *at, struct iv_piece *ret_piece,
                    bool *ret_broken);

/* The piece's struct, which the caller zeroed. Strings are borrowed from the part, or kept in the
 * arena with `texts`. False when it is none, or lacks a text that its table says must be there. */
IV_MUST_USE bool iv_piece_decode(const struct iv_piece *piece, struct iv_arena *arena,
                                 struct iv_texts *texts, void *ret_object);

#endif
