/*
 * html_page.h: what every HTML page of ours begins and ends with, and the pieces that it is made
 * of. The style sheet and the script are embedded by the build.
 */
#ifndef IMGVAL_REPORT_WRITE_HTML_PAGE_H
#define IMGVAL_REPORT_WRITE_HTML_PAGE_H

#include "imgval/model/report.h"
#include "imgval/report/write/markup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* html/style.css and html/script.js. */
extern const unsigned char iv_html_style[];
extern const size_t iv_html_style_size;
extern const unsigned char iv_html_script[];
extern const size_t iv_html_script_size;

extern const unsigned char iv_html_audit[]; /* html/audit.css: what an audit needs beside it */
extern const size_t iv_html_audit_size;

/*
 * A page: iv_html_open(), the bar with its links, iv_html_main(), what the page says, and
 * iv_html_close(), which writes the rest and frees. A content security policy lets a browser use
 * the style sheet and the script of ours and nothing else. `more_style`: rules of this page alone,
 * after the style sheet; NULL and 0: none.
 */
void iv_html_open(struct iv_markup *markup, const char *title, const unsigned char *more_style,
                  size_t more_size, FILE *out);
void iv_html_bar(struct iv_markup *markup, const char *tool);
void iv_html_bar_link(struct iv_markup *markup, const char *href, const char *text);
void iv_html_bar_end(struct iv_markup *markup);
void iv_html_main(struct iv_markup *markup);
void iv_html_close(struct iv_markup *markup, const char *tool, const char *tool_version);

/* One submission in the document. */
struct iv_html_part {
    struct iv_markup *markup;
    const struct iv_report *report;
    const struct iv_report_entry *entry;
    size_t number;       /* of the submission, from 1: ids begin with sNUMBER- */
    const char *heading; /* element of its sections' headings: "h2", or "h3" below a submission */
};

/* <section id="sN-NAME" aria-labelledby=...> and its heading; iv_markup_close() ends it. */
void iv_html_section(const struct iv_html_part *part, const char *name, const char *title);
/* A table in a box that scrolls, with a caption for those who do not see it and a head; closed by
 * iv_html_table_end(). `columns` ends with NULL; `sortable`: the script may sort it. */
void iv_html_table(struct iv_markup *markup, const char *class, const char *caption,
                   const char *const *columns, bool sortable);
void iv_html_table_end(struct iv_markup *markup);
/* Class of a table by its number of rows: browsers need not lay out all rows of a long one. */
#define IV_HTML_LONG 500
/* The top of a page: <section class="hero LOOK"> with its <h1> open after the mark and the word of
 * the verdict. */
void iv_html_hero(struct iv_markup *markup, const char *look, const char *word);
/* The cell that names a row, for screen readers. */
void iv_html_head_cell(struct iv_markup *markup, const char *text);
/* A cell; NULL is shown as a dash. */
void iv_html_cell(struct iv_markup *markup, const char *text);
/* A count in the list at the top of a page; the class "zero" instead of `class` where it is 0. */
void iv_html_tile(struct iv_markup *markup, const char *class, size_t count, const char *one,
                  const char *many);
/* <a href="#rule-ID">ID</a> <span>name</span>; `prefix`: "rule-", or "" on the rules' own page */
void iv_html_rule_link(struct iv_markup *markup, const char *prefix, const struct iv_rule *rule);
/* <section id="ID" aria-labelledby="ID-title"> and its heading; iv_markup_close() ends it. */
void iv_html_plain_section(struct iv_markup *markup, const char *id, const char *title);

/* What the script filters a table with: a field to search in, then the caller's own switches, then
 * where it says how many are shown. Hidden without the script. `things`: "packages"; `noun`: one of
 * them. */
void iv_html_tools(struct iv_markup *markup, const char *things, const char *placeholder);
/* The same of a submission, of which there may be several. */
void iv_html_tools_of(const struct iv_html_part *part, const char *things, const char *placeholder);
void iv_html_tools_end(struct iv_markup *markup, const char *noun);
/* Opens the label of a switch, which shows or hides the rows whose data-k is `value`; what it says
 * and iv_markup_close() follow. `is_on`: rows are shown until it is used. */
void iv_html_switch(struct iv_markup *markup, const char *value, bool is_on);
/* The button that folds the details of all rows. */
void iv_html_fold(struct iv_markup *markup);

/* All that is said of a rule, as <dl>. `must_hold`: what must hold, too. */
void iv_html_rule_texts(struct iv_markup *markup, const struct iv_rule *rule, bool must_hold);

/* A mark drawn in a box of 16 x 16: passed, failed, unchecked, warning, note or none; hidden from
 * screen readers. */
void iv_html_mark(struct iv_markup *markup, const char *name);

#endif
