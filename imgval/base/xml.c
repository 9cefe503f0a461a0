/*
 * One document, in four steps:
 *
 *   1. the encoding: UTF-16 is converted, UTF-8 is checked, a declared encoding must agree;
 *   2. the prescan: depth, attributes and size of tags, no DOCTYPE, before libxml2 sees a byte;
 *   3. the rows of the table as a tree of names: an element is found among those of its parent;
 *   4. the SAX pass of libxml2: each open element that the tree knows has a frame, and what it
 *      does not know is passed over.
 *
 * libxml2 is stopped at its first error (warnings are none): a parser that goes on after an error
 * guesses, and another reader may guess otherwise.
 */
#include "imgval/base/xml.h"

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/text.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_NODE SIZE_MAX
#define MESSAGE_MAX 200

/* --------------------------------------------------------------------------------- attributes */

const char *iv_xml_attribute(const struct iv_xml_element *element, const char *name)
{
    for (size_t i = 0; i < element->attribute_count; i++) {
        if (strcmp(element->attributes[i].name, name) == 0) {
            return element->attributes[i].value;
        }
    }
    return NULL;
}

/* --------------------------------------------------------------------------------- the document */

/* The document as UTF-8 without BOM, and what is needed to speak about it. */
struct document {
    const char *text;
    size_t size;
    bool was_utf16;
    const struct iv_limits *limits;
    struct iv_arena *arena;
    struct iv_xml_error *ret_error;
};

/* Newlines; the line of a byte is one more than those before it. */
static uint64_t count_lines(const char *text, size_t size)
{
    uint64_t lines = 0;
    const char *end = text + size;
    for (const char *p = text; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) {
        lines++;
    }
    return lines;
}

/* Sets the error, with the line of the byte at `at`; returns false. */
IV_PRINTF(4, 5)
static bool fail_at(const struct document *doc, enum iv_xml_state kind, size_t at, const char *fmt,
                    ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    *doc->ret_error = (struct iv_xml_error){
        .state = kind,
        .line = 1 + count_lines(doc->text, at),
        .detail = iv_arena_strdup(doc->arena, text),
    };
    return false;
}

/* Text of the document as part of a message: one line, printable, cut. */
static const char *shown(struct iv_arena *arena, const char *text, size_t max)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&line, text, max, true);
    return iv_arena_strdup(arena, iv_buf_text(&line));
}

/* ------------------------------------------------------------------------------------ encodings */

/* Without an early end: compilers take 16 bytes at a time in such a loop. */
static bool is_ascii(const struct document *doc)
{
    unsigned char all = 0;
    for (size_t i = 0; i < doc->size; i++) {
        all |= (unsigned char)doc->text[i];
    }
    return all < 0x80;
}

/*
 * Whether the document is UTF-8 without NUL. Eight ASCII bytes at a time are passed over at once.
 */
static bool check_utf8(const struct document *doc)
{
    const char *nul = memchr(doc->text, '\0', doc->size);
    if (nul != NULL) {
        return fail_at(doc, IV_XML_MALFORMED, (size_t)(nul - doc->text), "NUL byte");
    }
    if (is_ascii(doc)) {
        return true;
    }
    for (size_t at = 0; at < doc->size;) {
        uint64_t eight;
        if (doc->size - at >= sizeof(eight)) {
            memcpy(&eight, doc->text + at, sizeof(eight));
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof(eight);
                continue;
            }
        }
        uint32_t code;
        size_t taken = iv_utf8_decode(doc->text + at, doc->size - at, &code);
        if (taken == 0) {
            return fail_at(doc, IV_XML_MALFORMED, at, "invalid UTF-8: byte 0x%02x",
                           (unsigned)(unsigned char)doc->text[at]);
        }
        at += taken;
    }
    return true;
}

/* Sets doc->text to UTF-8; `store` keeps it where it had to be converted. */
static bool decode(struct document *doc, const char *bytes, size_t size, struct iv_buf *store)
{
    const unsigned char *p = (const unsigned char *)bytes;
    doc->text = "";
    bool little = size >= 2 && ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == '<' && p[1] == 0));
    bool big = size >= 2 && ((p[0] == 0xFE && p[1] == 0xFF) || (p[0] == 0 && p[1] == '<'));
    if (little || big) {
        doc->was_utf16 = true;
        size_t skip = p[0] >= 0xFE ? 2 : 0;
        if (!iv_utf16_to_utf8(store, p + skip, size - skip, big)) {
            /* What was converted so far ends where the bad unit stands. */
            doc->text = iv_buf_text(store);
            return fail_at(doc, IV_XML_MALFORMED, store->size, "invalid UTF-16");
        }
        doc->text = iv_buf_text(store);
        doc->size = store->size;
    } else {
        size_t skip = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        doc->text = bytes + skip;
        doc->size = size - skip;
        if (!check_utf8(doc)) {
            return false;
        }
    }
    return doc->size > 0 || fail_at(doc, IV_XML_MALFORMED, 0, "the document is empty");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A document that says another encoding than it has would be read otherwise by others. The old
 * one-byte encodings pass where all is ASCII, which they share; else what their bytes mean is not
 * known here. */
static bool check_encoding_name(const struct document *doc, size_t at, const char *name)
{
    if (iv_ascii_ieq(name, "utf-8") || iv_ascii_ieq(name, "utf8")) {
        return true;
    }
    if (iv_ascii_iprefix(name, "utf-16")) {
        return doc->was_utf16 ||
               fail_at(doc, IV_XML_MALFORMED, at, "declared encoding %s, the bytes are not UTF-16",
                       shown(doc->arena, name, MESSAGE_MAX));
    }
    bool ascii = iv_ascii_ieq(name, "us-ascii") || iv_ascii_ieq(name, "ascii");
    bool superset = iv_ascii_iprefix(name, "iso-8859-1") || iv_ascii_iprefix(name, "windows-125");
    if ((ascii || superset) && is_ascii(doc)) {
        return true;
    }
    return fail_at(doc, IV_XML_UNSUPPORTED, at, "declared encoding %s%s",
                   shown(doc->arena, name, MESSAGE_MAX),
                   ascii || superset ? ", the bytes are not ASCII" : "");
}

/* The encoding named in the XML declaration, if there is one. Its syntax is left to the parser. */
static bool check_declaration(const struct document *doc)
{
    static const char word[] = "encoding";
    if (doc->size < 6 || memcmp(doc->text, "<?xml", 5) != 0 || !is_space(doc->text[5])) {
        return true;
    }
    const char *end = iv_find(doc->text, doc->size, "?>");
    if (end == NULL) {
        return true;
    }
    const char *p = iv_find(doc->text, (size_t)(end - doc->text), word);
    if (p == NULL) {
        return true;
    }
    size_t at = (size_t)(p - doc->text);
    for (p += sizeof(word) - 1; p < end && (is_space(*p) || *p == '='); p++) {
    }
    if (p == end || (*p != '"' && *p != '\'')) {
        return true;
    }
    const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
    if (close == NULL) {
        return true;
    }
    const char *name = iv_arena_strndup(doc->arena, p + 1, (size_t)(close - p - 1));
    return check_encoding_name(doc, at, name);
}

/* -------------------------------------------------------------------------------------- prescan */

/*
 * One pass over the bytes before libxml2 sees them, for what it cannot be trusted with: its time
 * grows more than quadratically with the attributes of a tag, and it must never see a DOCTYPE.
 * Where a document is not well-formed this pass and libxml2 may part ways; that does no harm, as
 * libxml2 is stopped at its first error.
 */
struct prescan {
    const struct document *doc;
    size_t at; /* of a '<', or the document's size */
    uint64_t depth;
};

/* The first '<' at or after `from`; the size where there is none. */
static size_t find_open(const struct document *doc, size_t from)
{
    const char *open = memchr(doc->text + from, '<', doc->size - from);
    return open == NULL ? doc->size : (size_t)(open - doc->text);
}

/* Moves to the '<' after the first `mark` at or after `from`. */
static bool skip_past(struct prescan *scan, size_t from, const char *mark, const char *what)
{
    const struct document *doc = scan->doc;
    size_t length = strlen(mark);
    const char *found = from > doc->size ? NULL : iv_find(doc->text + from, doc->size - from, mark);
    if (found == NULL) {
        return fail_at(doc, IV_XML_MALFORMED, scan->at, "%s without an end", what);
    }
    scan->at = find_open(doc, (size_t)(found - doc->text) + length);
    return true;
}

/* What starts with "<!": comments and CDATA are skipped, all else is refused. */
static bool scan_declaration(struct prescan *scan)
{
    const struct document *doc = scan->doc;
    const char *p = doc->text + scan->at;
    size_t left = doc->size - scan->at;
    if (left >= 4 && memcmp(p, "<!--", 4) == 0) {
        return skip_past(scan, scan->at + 4, "-->", "comment");
    }
    if (left >= 9 && memcmp(p, "<![CDATA[", 9) == 0) {
        return skip_past(scan, scan->at + 9, "]]>", "CDATA section");
    }
    if (left >= 9 && iv_ascii_iprefix(p, "<!DOCTYPE")) {
        return fail_at(doc, IV_XML_MALFORMED, scan->at,
                       "document type declarations are not allowed");
    }
    return fail_at(doc, IV_XML_MALFORMED, scan->at, "markup declarations are not allowed");
}

/* Bytes that mean something inside a tag. */
static const bool is_tag_mark[256] = {['"'] = true, ['\''] = true, ['>'] = true, ['='] = true};

/* The place of the '>' that ends the tag at scan->at; its attributes counted. */
static bool scan_tag(struct prescan *scan, size_t *ret_end)
{
    const struct document *doc = scan->doc;
    const struct iv_limits *limits = doc->limits;
    size_t left = doc->size - scan->at;
    bool whole = left <= limits->xml_tag_size;
    size_t stop = scan->at + (whole ? left : (size_t)limits->xml_tag_size);
    uint64_t attributes = 0;
    for (size_t i = scan->at + 1; i < stop; i++) {
        while (i < stop && !is_tag_mark[(unsigned char)doc->text[i]]) {
            i++;
        }
        char c = i < stop ? doc->text[i] : '\0';
        if (c == '"' || c == '\'') {
            const char *close = memchr(doc->text + i + 1, c, stop - i - 1);
            i = close == NULL ? stop : (size_t)(close - doc->text);
        } else if (c == '>') {
            *ret_end = i;
            return true;
        } else if (c == '=' && ++attributes > limits->xml_attributes) {
            return fail_at(doc, IV_XML_LIMIT, i, "XML attributes in a tag over the limit of %llu",
                           (unsigned long long)limits->xml_attributes);
        }
    }
    if (whole) {
        return fail_at(doc, IV_XML_MALFORMED, scan->at, "tag without an end");
    }
    return fail_at(doc, IV_XML_LIMIT, scan->at, "XML tag over the limit of %llu bytes",
                   (unsigned long long)limits->xml_tag_size);
}

/* One tag: its end, its attributes, and the depth after it. Then on to the next '<'. */
static bool scan_element(struct prescan *scan)
{
    const struct document *doc = scan->doc;
    size_t end = 0;
    if (!scan_tag(scan, &end)) {
        return false;
    }
    size_t open = find_open(doc, scan->at + 1);
    if (open < end) {
        return fail_at(doc, IV_XML_MALFORMED, open, "'<' inside a tag");
    }
    bool is_end = doc->text[scan->at + 1] == '/';
    bool is_empty = doc->text[end - 1] == '/';
    if (is_end) {
        scan->depth -= scan->depth > 0;
    } else {
        if (scan->depth >= doc->limits->xml_depth) {
            return fail_at(doc, IV_XML_LIMIT, scan->at, "XML depth over the limit of %llu levels",
                           (unsigned long long)doc->limits->xml_depth);
        }
        scan->depth += !is_empty;
    }
    scan->at = open;
    return true;
}

/* From '<' to '<': text between tags needs no look. */
static bool prescan(const struct document *doc)
{
    struct prescan scan = {.doc = doc};
    scan.at = find_open(doc, 0);
    while (scan.at < doc->size) {
        char next = scan.at + 1 < doc->size ? doc->text[scan.at + 1] : '\0';
        bool fine = next == '!'   ? scan_declaration(&scan)
                    : next == '?' ? skip_past(&scan, scan.at + 2, "?>", "processing instruction")
                                  : scan_element(&scan);
        if (!fine) {
            return false;
        }
    }
    return true;
}

/* --------------------------------------------------------------------------- the table as a tree
 */

/* One element that a path names. Rows with the same path share a node. */
struct node {
    const char *name; /* part of a row's path, `length` bytes */
    size_t length;
    size_t child; /* indices of nodes, or NO_NODE */
    size_t sibling;
    size_t row; /* first row that ends here, or NO_NODE */
    bool wants_text;
    bool is_once;
    uint64_t seen_in; /* the element that it was last seen in; 0: none */
};

struct tree {
    struct node *nodes;
    size_t count;
    size_t capacity;
    size_t *next_row; /* for each row: the next one with the same path, or NO_NODE */
};

/* The node with this name in a row of siblings, from `first` on, or NO_NODE. */
static size_t find_child(const struct tree *tree, size_t first, const char *name, size_t length)
{
    size_t i = first;
    while (i != NO_NODE &&
           (tree->nodes[i].length != length || memcmp(tree->nodes[i].name, name, length) != 0)) {
        i = tree->nodes[i].sibling;
    }
    return i;
}

/* Node 0 stands above the root element. */
static size_t add_node(struct tree *tree, struct iv_arena *arena, size_t parent, const char *name,
                       size_t length)
{
    tree->nodes =
        iv_arena_grow(arena, tree->nodes, tree->count, &tree->capacity, sizeof(tree->nodes[0]));
    size_t i = tree->count++;
    tree->nodes[i] = (struct node){
        .name = name,
        .length = length,
        .child = NO_NODE,
        .sibling = NO_NODE,
        .row = NO_NODE,
    };
    if (parent != NO_NODE) {
        tree->nodes[i].sibling = tree->nodes[parent].child;
        tree->nodes[parent].child = i;
    }
    return i;
}

/* Turns the paths of all rows into nodes. Rows of one path form a list, the last row first. */
static void build_tree(struct tree *tree, struct iv_arena *arena, const struct iv_xml_table *table)
{
    tree->next_row = IV_NEW_ARRAY(arena, size_t, table->row_count);
    (void)add_node(tree, arena, NO_NODE, "", 0);
    for (size_t r = 0; r < table->row_count; r++) {
        size_t node = 0;
        for (const char *p = table->rows[r].path; *p != '\0';) {
            size_t length = strcspn(p, "/");
            size_t child = find_child(tree, tree->nodes[node].child, p, length);
            node = child != NO_NODE ? child : add_node(tree, arena, node, p, length);
            p += length + (p[length] == '/');
        }
        tree->next_row[r] = tree->nodes[node].row;
        tree->nodes[node].row = r;
        tree->nodes[node].wants_text |= table->rows[r].end != NULL;
        tree->nodes[node].is_once |= table->rows[r].once;
    }
}

/* --------------------------------------------------------------------------------- the SAX pass */

/* An open element that the tree knows. */
struct frame {
    size_t node;
    size_t text_start; /* in pass->text: what is directly inside */
    uint64_t line;
    uint64_t number; /* of the element among those that the tree knows, from 1 */
};

struct pass {
    const struct document *doc;
    const struct iv_xml_table *table;
    void *context;
    struct tree tree;
    xmlParserCtxtPtr parser;
    struct frame *frames; /* limits->xml_depth of them */
    size_t depth;         /* of frames */
    uint64_t skipped;     /* levels below an element that is passed over, it included */
    const xmlChar *uri;   /* of the root, interned by the parser; NULL: none */
    size_t namespace_index;
    struct iv_buf text; /* of the open frames, one after the other */
    struct iv_buf values;
    struct iv_xml_attribute *attributes; /* limits->xml_attributes of them */
    size_t line_at;                      /* `line` is that of this byte of the document */
    uint64_t line;
    uint64_t elements;            /* that became frames so far */
    struct iv_xml_error repeated; /* the first element that may stand once and stood again */
    bool failed;                  /* the error is set */
};

/*
 * Makes libxml2 come to an end. Not xmlStopParser(): that frees the input while functions below us
 * still hold pointers into it.
 */
static void stop(struct pass *pass)
{
    pass->failed = true;
    pass->parser->disableSAX = 1;
    pass->parser->instate = XML_PARSER_EOF;
}

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ptr;
#else
typedef xmlErrorPtr error_ptr;
#endif

/*
 * The first error of libxml2 becomes the error of the document, without a newline at its end. Lack
 * of memory ends the process instead.
 */
static void on_error(void *data, error_ptr error)
{
    struct pass *pass = data;
    if (error == NULL || pass->failed || error->level == XML_ERR_WARNING) {
        return;
    }
    /* A namespace name is compared, never followed: whether it is a good URI does not matter. */
    if (error->code == XML_WAR_NS_URI || error->code == XML_WAR_NS_URI_RELATIVE) {
        return;
    }
    if (error->code == XML_ERR_NO_MEMORY) {
        iv_out_of_memory();
    }
    const char *message = error->message == NULL ? "not well-formed" : error->message;
    char *line = iv_arena_strdup(pass->doc->arena, message);
    size_t size = strlen(line);
    while (size > 0 && is_space(line[size - 1])) {
        line[--size] = '\0';
    }
    *pass->doc->ret_error = (struct iv_xml_error){
        .state = IV_XML_MALFORMED,
        .line = error->line > 0 ? (uint64_t)error->line : 0,
        .detail = shown(pass->doc->arena, line, MESSAGE_MAX),
    };
    stop(pass);
}

/* The line of the start tag whose '>' the parser has reached: it itself only knows that of the
 * end. No '<' stands inside a tag (scan_tag). */
static uint64_t start_line(struct pass *pass, size_t *ret_at)
{
    const struct document *doc = pass->doc;
    long consumed = xmlByteConsumed(pass->parser);
    size_t end = consumed < 0 ? 0 : (size_t)consumed;
    end = end > doc->size ? doc->size : end;
    size_t at = end; /* of the '<' before it, which is near */
    while (at > 0 && doc->text[at - 1] != '<') {
        at--;
    }
    at = at > 0 ? at - 1 : 0;
    if (at > pass->line_at) {
        pass->line += count_lines(doc->text + pass->line_at, at - pass->line_at);
        pass->line_at = at;
    }
    *ret_at = at;
    return pass->line;
}

/* Whether the root is one that the table is about. */
static bool check_root(struct pass *pass, const char *name, const xmlChar *uri)
{
    const struct document *doc = pass->doc;
    const struct tree *tree = &pass->tree;
    size_t at = 0;
    (void)start_line(pass, &at);
    if (find_child(tree, tree->nodes[0].child, name, strlen(name)) == NO_NODE) {
        const struct node *first =
            tree->nodes[0].child == NO_NODE ? &tree->nodes[0] : &tree->nodes[tree->nodes[0].child];
        return fail_at(doc, IV_XML_MALFORMED, at, "root element is <%s>, expected <%.*s>",
                       shown(doc->arena, name, MESSAGE_MAX), (int)first->length, first->name);
    }
    const char *text = uri == NULL ? "" : (const char *)uri;
    for (size_t i = 0; pass->table->namespaces[i] != NULL; i++) {
        if (strcmp(pass->table->namespaces[i], text) == 0) {
            pass->namespace_index = i;
            pass->uri = uri;
            return true;
        }
    }
    const char *shown_name = shown(doc->arena, name, MESSAGE_MAX / 2);
    if (uri == NULL) {
        return fail_at(doc, IV_XML_MALFORMED, at, "root element <%s> has no namespace, expected %s",
                       shown_name, pass->table->namespaces[0]);
    }
    return fail_at(doc, IV_XML_MALFORMED, at, "root element <%s> is in namespace %s, expected %s",
                   shown_name, shown(doc->arena, text, MESSAGE_MAX / 2),
                   pass->table->namespaces[0]);
}

/*
 * An attribute's value, with its NUL, after the others; there is room. Unless entities are
 * substituted by XML_PARSE_NOENT (never set), libxml2 hands every '&' on as "&#38;".
 */
static const char *add_value(struct iv_buf *values, const char *value, size_t size)
{
    static const char rest[] = "#38;";
    size_t start = values->size;
    while (size > 0) {
        const char *found = memchr(value, '&', size);
        size_t plain = found == NULL ? size : (size_t)(found - value) + 1;
        iv_buf_add(values, value, plain);
        value += plain;
        size -= plain;
        if (found != NULL && size >= sizeof(rest) - 1 &&
            memcmp(value, rest, sizeof(rest) - 1) == 0) {
            value += sizeof(rest) - 1;
            size -= sizeof(rest) - 1;
        }
    }
    iv_buf_putc(values, '\0');
    return values->data + start;
}

/* `raw`: five pointers for each attribute, as startElementNs gets them. */
static size_t take_attributes(struct pass *pass, size_t count, const xmlChar **raw)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        room += (size_t)(raw[5 * i + 4] - raw[5 * i + 3]) + 1;
    }
    iv_buf_clear(&pass->values);
    (void)iv_buf_reserve(&pass->values, room); /* so that the strings do not move */
    size_t taken = 0;
    for (size_t i = 0; i < count && taken < pass->doc->limits->xml_attributes; i++) {
        const xmlChar **a = raw + 5 * i; /* local name, prefix, URI, value, its end */
        if (a[1] == NULL) {
            pass->attributes[taken++] = (struct iv_xml_attribute){
                .name = (const char *)a[0],
                .value = add_value(&pass->values, (const char *)a[3], (size_t)(a[4] - a[3])),
            };
        }
    }
    return taken;
}

/* All rows of the element's path. Attributes are copied once, and only where a row asks for
 * them. */
static void call_start(struct pass *pass, const struct frame *frame, size_t count,
                       const xmlChar **raw)
{
    struct iv_xml_element element = {.text = "", .line = frame->line};
    bool taken = false;
    for (size_t r = pass->tree.nodes[frame->node].row; r != NO_NODE; r = pass->tree.next_row[r]) {
        if (pass->table->rows[r].start == NULL) {
            continue;
        }
        if (!taken) {
            element.attribute_count = take_attributes(pass, count, raw);
            element.attributes = pass->attributes;
            taken = true;
        }
        pass->table->rows[r].start(pass->context, &element);
    }
}

/* That of the root; where a table is_mixed any of its namespaces, since some tools mix them. */
static bool is_in_namespace(const struct pass *pass, const xmlChar *uri)
{
    if (!pass->table->is_mixed) {
        return xmlStrEqual(uri, pass->uri);
    }
    const char *text = uri == NULL ? "" : (const char *)uri;
    const char *const *known = pass->table->namespaces;
    while (*known != NULL && strcmp(*known, text) != 0) {
        known++;
    }
    return *known != NULL;
}

/* Whether the element stands again where it may stand once; the first one to do so is kept. */
static bool is_repeated(struct pass *pass, struct node *node, const char *name)
{
    uint64_t holder = pass->depth == 0 ? 0 : pass->frames[pass->depth - 1].number;
    if (!node->is_once || holder == 0 || node->seen_in != holder) {
        node->seen_in = holder;
        return false;
    }
    if (pass->repeated.state == IV_XML_FINE) {
        size_t at;
        pass->repeated = (struct iv_xml_error){
            .state = IV_XML_MALFORMED,
            .line = start_line(pass, &at),
            .detail = iv_arena_printf(pass->doc->arena, "<%s> stands more than once", name),
        };
    }
    return true;
}

/* The signature is libxml2's (startElementNsSAX2Func). An element becomes a frame when the tree
 * knows it in its parent; below any other one levels are counted and nothing else, until it
 * ends. */
static void on_start(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespace_count, const xmlChar **namespaces, int attribute_count,
                     int defaulted, const xmlChar **attributes)
{
    (void)prefix;
    (void)namespace_count;
    (void)namespaces;
    (void)defaulted;
    struct pass *pass = data;
    if (pass->failed) {
        return;
    }
    if (pass->skipped > 0) {
        pass->skipped++;
        return;
    }
    const char *local = (const char *)name;
    size_t parent = pass->depth == 0 ? 0 : pass->frames[pass->depth - 1].node;
    if (pass->depth == 0 && !check_root(pass, local, uri)) {
        stop(pass);
        return;
    }
    size_t node = find_child(&pass->tree, pass->tree.nodes[parent].child, local, strlen(local));
    if (node == NO_NODE || pass->depth >= pass->doc->limits->xml_depth ||
        !is_in_namespace(pass, uri)) {
        pass->skipped = 1;
        if (pass->table->unknown != NULL) {
            size_t at;
            pass->table->unknown(pass->context, local, start_line(pass, &at));
        }
        return;
    }
    if (is_repeated(pass, &pass->tree.nodes[node], local)) {
        pass->skipped = 1;
        return;
    }
    struct frame *frame = &pass->frames[pass->depth++];
    *frame = (struct frame){
        .node = node,
        .text_start = pass->text.size,
        .number = ++pass->elements,
    };
    if (pass->tree.nodes[node].row != NO_NODE) {
        size_t at;
        frame->line = start_line(pass, &at);
        call_start(pass, frame, attribute_count < 0 ? 0 : (size_t)attribute_count, attributes);
    }
}

/* Rows get the element's own text, which is all that was added since it began: that of the elements
 * in it was taken off when they ended. */
static void on_end(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)name;
    (void)prefix;
    (void)uri;
    struct pass *pass = data;
    if (pass->failed) {
        return;
    }
    if (pass->skipped > 0) {
        pass->skipped--;
        return;
    }
    if (pass->depth == 0) {
        return;
    }
    const struct frame *frame = &pass->frames[--pass->depth];
    const struct node *node = &pass->tree.nodes[frame->node];
    if (!node->wants_text) {
        return;
    }
    struct iv_xml_element element = {
        .text = iv_buf_text(&pass->text) + frame->text_start,
        .line = frame->line,
    };
    for (size_t r = node->row; r != NO_NODE; r = pass->tree.next_row[r]) {
        if (pass->table->rows[r].end != NULL) {
            pass->table->rows[r].end(pass->context, &element);
        }
    }
    /* What lies before belongs to the elements around this one. */
    pass->text.size = frame->text_start;
    if (pass->text.data != NULL) {
        pass->text.data[frame->text_start] = '\0';
    }
}

/* In pieces, as the parser has them. Only of elements that some row wants text of. */
static void on_text(void *data, const xmlChar *bytes, int size)
{
    struct pass *pass = data;
    if (!pass->failed && pass->skipped == 0 && pass->depth > 0 && size > 0 &&
        pass->tree.nodes[pass->frames[pass->depth - 1].node].wants_text) {
        iv_buf_add(&pass->text, bytes, (size_t)size);
    }
}

static void parser_close(xmlParserCtxtPtr *parser)
{
    if (*parser != NULL) {
        xmlFreeParserCtxt(*parser);
        *parser = NULL;
    }
}

static void pass_fini(struct pass *pass)
{
    parser_close(&pass->parser);
    iv_buf_fini(&pass->text);
    iv_buf_fini(&pass->values);
}

/* An element that stood twice is reported last: the document is well-formed, and rows have seen the
 * first one. */
static bool parse(const struct document *doc, const struct iv_xml_table *table, void *context,
                  size_t *ret_namespace)
{
    const struct iv_limits *limits = doc->limits;
    struct pass pass IV_CLEANUP(pass_fini) = {
        .doc = doc,
        .table = table,
        .context = context,
        .frames = IV_NEW_ARRAY(doc->arena, struct frame, limits->xml_depth),
        .attributes = IV_NEW_ARRAY(doc->arena, struct iv_xml_attribute, limits->xml_attributes),
        .line = 1,
    };
    build_tree(&pass.tree, doc->arena, table);
    /* A failure of its own would reach on_error() at best, as damage of the document at worst. */
    (void)xmlMemSetup(free, iv_malloc, iv_realloc, iv_strdup);
    pass.parser = xmlCreateMemoryParserCtxt(doc->text, (int)doc->size);
    if (pass.parser == NULL) {
        iv_out_of_memory();
    }
    *pass.parser->sax = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .serror = on_error,
    };
    pass.parser->userData = &pass;
    /* The bytes are UTF-8 by now, whatever they declare. Never NOENT, HUGE or DTDLOAD. */
    (void)xmlCtxtUseOptions(pass.parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    int result = xmlParseDocument(pass.parser);
    if (pass.failed) {
        return false;
    }
    if (result != 0 || pass.parser->wellFormed == 0) {
        return fail_at(doc, IV_XML_MALFORMED, 0, "not well-formed");
    }
    if (pass.repeated.state != IV_XML_FINE) {
        *doc->ret_error = pass.repeated;
        return false;
    }
    *ret_namespace = pass.namespace_index;
    return true;
}

bool iv_xml_read(const struct iv_xml_input *input, const struct iv_xml_table *table, void *context,
                 size_t *ret_namespace, struct iv_xml_error *ret_error)
{
    struct document doc = {.limits = input->limits, .arena = input->arena, .ret_error = ret_error};
    struct iv_buf store IV_CLEANUP(iv_buf_fini) = {0};
    if (input->size > INT_MAX / 2) {
        doc.text = "";
        return fail_at(&doc, IV_XML_LIMIT, 0, "a document of %zu bytes", input->size);
    }
    return decode(&doc, input->bytes, input->size, &store) && check_declaration(&doc) &&
           prescan(&doc) && parse(&doc, table, context, ret_namespace);
}

void iv_xml_library(struct iv_buf *buf)
{
    iv_buf_puts(buf, "libxml2 " LIBXML_DOTTED_VERSION);
}
