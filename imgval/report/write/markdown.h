/*
 * markdown.h: text from the input in GitHub Flavored Markdown: in code spans, where neither markup
 * nor mentions nor links are looked for. The only way by which the formats in Markdown print a
 * string.
 */
#ifndef IMGVAL_REPORT_WRITE_MARKDOWN_H
#define IMGVAL_REPORT_WRITE_MARKDOWN_H

#include "imgval/base/buf.h"

/* A comment of a service is bounded: GitHub takes 65,536 characters. */
#define IV_MARKDOWN_MAX 60000 /* bytes of a document */
#define IV_MARKDOWN_TEXT 600  /* bytes of one text; then "..." */

/* A code span (CommonMark 6.1) around text that is shown already (escape.h). */
void iv_markdown_span(struct iv_buf *buf, const char *shown);
/* A code span around text as it is. */
void iv_markdown_code(struct iv_buf *buf, const char *text);
/* A sentence: as it is when it holds nothing that Markdown, or a service that shows it, gives a
 * meaning; else a code span. */
void iv_markdown_sentence(struct iv_buf *buf, const char *text);
/* An id or a name of a rule, also in a table: what is neither letter nor digit may stand as its
 * number. */
void iv_markdown_name(struct iv_buf *buf, const char *text);

#endif
