/*
 * comment.h: a comment for a pull request, in GitHub Flavored Markdown, in the making. Bounded,
 * because services refuse longer comments: a piece is added whole or not at all, once one does not
 * fit none after it is added, and what is left out is counted.
 */
#ifndef IMGVAL_REPORT_WRITE_COMMENT_H
#define IMGVAL_REPORT_WRITE_COMMENT_H

#include "imgval/base/buf.h"
#include "imgval/model/finding.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct iv_comment {
    struct iv_buf text;
    struct iv_buf block; /* the next piece: it is written here, then taken */
    bool is_full;
    size_t left_out; /* what the last line counts */
};

extern const char *const iv_comment_symbols[]; /* by enum iv_final_verdict */

/* Takes the block over; false when there is no room for it, nor for any after it. */
bool iv_comment_take(struct iv_comment *comment);
/* The same for a piece that is counted when it does not fit. */
void iv_comment_take_line(struct iv_comment *comment);

/* "oem/operator/model" in a code span. */
void iv_comment_variant(struct iv_buf *block, const struct iv_pop *pop);
/* A finding with its remedy, as an item of the list "Findings". */
void iv_comment_finding(struct iv_comment *comment, const struct iv_finding *finding, bool is_first,
                        bool with_path);

/* The last line where something was left out ("more finding"), then all of it; frees. */
void iv_comment_end(struct iv_comment *comment, const char *noun, FILE *out);

#endif
