/*
 * Lines of a recipe: words, quoting, here-documents, numbers, and the words that describe content.
 */
#ifndef FX_RECIPE_LINE_H
#define FX_RECIPE_LINE_H

#include "base.h"
#include "source.h"
#include "text.h"

struct fx_recipe {
    const char *name; /* for messages */
    const char *data;
    size_t len;
    size_t at;
    size_t line;           /* number of the line in hand */
    struct fx_arena arena; /* released after every directive */
};

struct fx_word {
    char *text; /* unquoted, a NUL after it */
    size_t len;
    size_t key_len; /* of KEY=VALUE; 0 when the word is not of that form */
};

struct fx_line {
    struct fx_word *words;
    size_t count;
    bool block;       /* ended in { */
    bool has_text;    /* ended in <<TAG */
    const char *text; /* the here-document, each line with its LF */
    size_t text_len;
};

/* What a file or member holds, as far as words say it; the rest comes from the here-document. */
struct fx_content {
    struct fx_text_form form;
    bool has_pattern;
    enum fx_pattern pattern;
    uint64_t size;
    uint64_t seed;
    bool raw;
};

/* Prints file, line and message, exits with status 2. */
_Noreturn void fx_recipe_fail(const struct fx_recipe *recipe, const char *format, ...)
    FX_PRINTF(2, 3);

/* Reads the next line that is not empty, with its here-document; false at the end. */
bool fx_recipe_next(struct fx_recipe *recipe, struct fx_line *ret_line);

/* The value of KEY=VALUE, or NULL when the word has another key or none. */
const char *fx_word_value(const struct fx_word *word, const char *key);

/* A number: decimal, 0x..., with K, M or G after it, negative with a minus sign. */
int64_t fx_recipe_number(const struct fx_recipe *recipe, const char *text);

/* Takes a word such as encoding=utf16le or fill=10K; false when it says nothing about content. */
bool fx_recipe_content_word(const struct fx_recipe *recipe, const struct fx_word *word,
                            struct fx_content *content);

/* The bytes that content and here-document describe; they live in the recipe's arena. */
struct fx_source fx_recipe_content(struct fx_recipe *recipe, const struct fx_content *content,
                                   const struct fx_line *line);

#endif
