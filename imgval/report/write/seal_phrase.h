/*
 * seal_phrase.h: what `--verify` found out about packages, in words. The texts are unescaped, and
 * empty where nothing was verified.
 */
#ifndef IMGVAL_REPORT_WRITE_SEAL_PHRASE_H
#define IMGVAL_REPORT_WRITE_SEAL_PHRASE_H

#include "imgval/base/buf.h"
#include "imgval/model/submission.h"

/* "intact, signed by NAME (test root)" */
void iv_phrase_seal(struct iv_buf *buf, const struct iv_package *package);

/* "3000 packages intact; 2998 signed by NAME (retail root), 2 unsigned" */
void iv_phrase_seals(struct iv_buf *buf, const struct iv_submission *submission);

#endif
