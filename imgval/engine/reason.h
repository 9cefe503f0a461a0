/*
 * reason.h: why rules were not evaluated, as the judgement's own findings tell it: a rule whose
 * findings spoil what other rules look at says so in its row (`spoils`, `clause`).
 */
#ifndef IMGVAL_ENGINE_REASON_H
#define IMGVAL_ENGINE_REASON_H

#include "imgval/base/arena.h"
#include "imgval/model/finding.h"

/* Fills `reason` of every outcome that is not evaluated. `nothing`: there was nothing to judge. */
void iv_reason_add(struct iv_judgement *judgement, bool nothing, struct iv_arena *arena);

#endif
