/*
 * judge.h: the one way from what was read to findings, for every command: the built-in rows and
 * those of the policy in one engine, with the severities, waivers and date of this run.
 */
#ifndef IMGVAL_SCAN_JUDGE_H
#define IMGVAL_SCAN_JUDGE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/engine/engine.h"
#include "imgval/model/report.h"
#include "imgval/scan/scan_options.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_judge {
    struct iv_engine *engine;
    struct iv_engine_options options; /* is_last: true; a judge of several says when it is not */
};

IV_MUST_USE bool iv_judge_open(const struct iv_scan_options *options, struct iv_arena *arena,
                               struct iv_judge *ret_judge, struct iv_error *err);
/* One with the rows of one family alone, beside another: it shares the uses of its waivers. */
IV_MUST_USE bool iv_judge_open_family(const struct iv_judge *beside, const struct iv_rules *family,
                                      struct iv_judge *ret_judge, struct iv_error *err);
void iv_judge_close(struct iv_judge *judge); /* for IV_CLEANUP */

/* A report of this run with room for so many entries, and the verdict `pass`. */
struct iv_report iv_judge_report(const struct iv_scan_options *options, size_t count,
                                 struct iv_arena *arena);
/* The same with one judgement about a submission that was not compared with baselines: no variant
 * of it says how that ended. */
struct iv_report iv_judge_report_of(const struct iv_scan_options *options,
                                    const struct iv_submission *submission,
                                    const struct iv_judgement *judgement, struct iv_arena *arena);

#endif
