/*
 * markup.h: elements, attributes and text in XML 1.0 and HTML. The only way by which the sinks in
 * markup print a string: whatever a text holds, it stays text.
 *
 * Both languages: < > & " ' are references, U+FFFD stands for each byte that is not UTF-8, and "##"
 * (a command to a build agent that shows the document) is broken by a reference. No line of the
 * document begins with a text: line ends in it are references too, or are shown as \n.
 *
 * XML keeps what XML can hold, C1 controls and invisible characters as references; U+FFFD stands
 * for characters that XML 1.0 forbids. HTML is read by people: control characters, bidi marks and
 * other invisible characters are shown, as \n, \t, \xNN or \u{NNNN} in a <span class="x">, and
 * without the span where HTML allows no element (attributes, title, option, in a drawing).
 */
#ifndef IMGVAL_REPORT_WRITE_MARKUP_H
#define IMGVAL_REPORT_WRITE_MARKUP_H

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum iv_markup_language { IV_MARKUP_XML, IV_MARKUP_HTML };

#define IV_MARKUP_DEPTH_MAX 24 /* sinks nest as deep as their code does */

struct iv_markup {
    FILE *file;
    enum iv_markup_language language;
    struct iv_buf buf;
    const char *open[IV_MARKUP_DEPTH_MAX];
    unsigned depth;
    unsigned plain; /* depth of the outermost element that holds no others; 0: none */
    bool in_tag;    /* attributes may follow */
};

/* Write errors are found through ferror(file). */
void iv_markup_init(struct iv_markup *markup, enum iv_markup_language language, FILE *file);
/* Writes what is left and frees; every element is closed by now. */
void iv_markup_fini(struct iv_markup *markup);

/* Names of elements and attributes are ours: literals that live as long as the writer. */
void iv_markup_open(struct iv_markup *markup, const char *name);
/* The innermost one. XML: <a/> when nothing stood in it. HTML: void elements have no end. */
void iv_markup_close(struct iv_markup *markup);

/* Of the element just opened. A NULL text: no attribute. */
void iv_markup_attribute(struct iv_markup *markup, const char *name, const char *text);
void iv_markup_attribute_uint(struct iv_markup *markup, const char *name, uint64_t value);
void iv_markup_attribute_printf(struct iv_markup *markup, const char *name, const char *fmt, ...)
    IV_PRINTF(3, 4);
/* HTML: an attribute without a value. */
void iv_markup_flag(struct iv_markup *markup, const char *name);

/* Text inside the innermost element. */
void iv_markup_text(struct iv_markup *markup, const char *text);
void iv_markup_printf(struct iv_markup *markup, const char *fmt, ...) IV_PRINTF(2, 3);
/* Text that may hold line ends of ours: they stay. */
void iv_markup_lines(struct iv_markup *markup, const char *text);

/* <name>text</name> and, with a class, <name class="class">text</name>. */
void iv_markup_element(struct iv_markup *markup, const char *name, const char *text);
void iv_markup_classed(struct iv_markup *markup, const char *name, const char *class,
                       const char *text);

/* A line end between elements, for people who read the source. */
void iv_markup_break(struct iv_markup *markup);

/* Bytes of our own that are markup already: the declaration, the style sheet, the script. */
void iv_markup_own(struct iv_markup *markup, const void *bytes, size_t size);

#endif
