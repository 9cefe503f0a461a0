/*
 * assemble.h: builds one submission from the facts that the readers found. Pure: the same facts in
 * any order give the same submission.
 */
#ifndef IMGVAL_MODEL_ASSEMBLE_H
#define IMGVAL_MODEL_ASSEMBLE_H

#include "imgval/base/arena.h"
#include "imgval/model/facts.h"
#include "imgval/model/submission.h"

#include <stddef.h>

/*
 * `ret_submission` comes with path, kind, type, context_free, `faults` of the listing and those
 * `packages` set that are not in the facts (their array is taken over; it may be none); the rest of
 * what was read is filled in: packages (payload of extracted packages dropped, a contextual
 * partial overlaid on its history), history, device values, version, variants, set and id.
 * `extra`: device values from the command line. Strings are borrowed from the facts.
 */
void iv_submission_assemble(const struct iv_facts *facts, size_t count,
                            const struct iv_datum *extra, size_t extra_count,
                            struct iv_arena *arena, struct iv_submission *ret_submission);

#endif
