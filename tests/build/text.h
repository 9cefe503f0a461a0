/*
 * Recipe text -> file bytes: line ends, escapes, repetition, encodings, compression.
 */
#ifndef FX_TEXT_H
#define FX_TEXT_H

#include "base.h"

enum fx_encoding {
    FX_ENCODING_UTF8, /* the bytes as they are */
    FX_ENCODING_UTF8_BOM,
    FX_ENCODING_UTF16LE, /* with a byte order mark */
    FX_ENCODING_UTF16BE,
    FX_ENCODING_UTF16LE_NO_BOM,
    FX_ENCODING_UTF16BE_NO_BOM
};

struct fx_text_form {
    enum fx_encoding encoding;
    bool crlf;    /* lines end in CR LF */
    bool no_eol;  /* the last line has no end */
    bool escapes; /* \xNN \uNNNN \n \r \t \\ \" are replaced */
    bool expand;  /* lines "%%N text" become N copies of text, "%u" in it the number */
    bool hex;     /* pairs of hexadecimal digits */
    bool gzip;    /* the result is one gzip member */
};

/* Reads an encoding's name; false when there is none of that name. */
bool fx_encoding_find(const char *name, enum fx_encoding *ret_encoding);

/* Appends text with C escapes replaced; false on an unknown escape. */
bool fx_unescape(const char *text, size_t n, struct fx_buf *out);

/* Appends the encoded form of UTF-8 text; UTF-16 of invalid UTF-8 ends the program. */
void fx_encode(const unsigned char *text, size_t n, enum fx_encoding encoding, struct fx_buf *out);

/* Appends the file that `text` (LF line ends) describes in the given form. */
void fx_text_write(const char *text, size_t n, const struct fx_text_form *form, struct fx_buf *out);

/* Appends text with the characters that XML reserves replaced; for attributes and content. */
void fx_xml_escape(struct fx_buf *out, const char *text);

/* Appends n copies of text with "%u" replaced by the copy's number, from 0. */
void fx_repeat(const char *text, size_t len, uint64_t n, struct fx_buf *out);

#endif
