#include "recipe_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fx_recipe_fail(const struct fx_recipe *recipe, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "mkfixture: %s:%zu: ", recipe->name, recipe->line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

/* One physical line without its LF; false at the end. */
static bool take_line(struct fx_recipe *recipe, const char **ret_line, size_t *ret_len)
{
    if (recipe->at >= recipe->len) {
        return false;
    }
    const char *line = recipe->data + recipe->at;
    const char *end = memchr(line, '\n', recipe->len - recipe->at);
    size_t len = end == NULL ? recipe->len - recipe->at : (size_t)(end - line);
    recipe->at += len + 1;
    recipe->line++;
    *ret_line = line;
    *ret_len = len;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Copies a quoted part, from after the opening quote; returns the place after the closing one. */
static size_t take_quoted(const struct fx_recipe *recipe, const char *line, size_t len, size_t at,
                          struct fx_buf *out)
{
    size_t end = at;
    while (end < len && line[end] != '"') {
        end += line[end] == '\\' ? 2 : 1;
    }
    if (end >= len) {
        fx_recipe_fail(recipe, "the quote is not closed");
    }
    if (!fx_unescape(line + at, end - at, out)) {
        fx_recipe_fail(recipe, "unknown escape; known are \\xNN \\uNNNN \\n \\r \\t \\0 \\\\ \\\"");
    }
    return end + 1;
}

static size_t take_word(struct fx_recipe *recipe, const char *line, size_t len, size_t at,
                        struct fx_line *ret_line)
{
    struct fx_buf text = {0};
    size_t key_len = 0;
    bool quoted = false;
    while (at < len && !is_blank(line[at])) {
        if (line[at] == '"') {
            quoted = true;
            at = take_quoted(recipe, line, len, at + 1, &text);
            continue;
        }
        if (line[at] == '=' && !quoted && key_len == 0) {
            key_len = text.len;
        }
        fx_buf_byte(&text, (unsigned char)line[at]);
        at++;
    }
    struct fx_word *word =
        fx_arena_push(&recipe->arena, (void **)&ret_line->words, &ret_line->count, sizeof(*word));
    word->text = fx_arena_copy(&recipe->arena, text.data, text.len);
    word->len = text.len;
    word->key_len = key_len;
    fx_buf_fini(&text);
    if (!quoted && strcmp(word->text, "{") == 0) {
        ret_line->block = true;
    } else if (!quoted && strncmp(word->text, "<<", 2) == 0) {
        ret_line->has_text = true;
    }
    return at;
}

/* "<<END" takes lines as they are; "<<-END" takes the indentation of the END line off each. */
static void take_text(struct fx_recipe *recipe, const char *tag, struct fx_line *ret_line)
{
    bool strip = tag[0] == '-';
    tag += strip ? 1 : 0;
    size_t tag_len = strlen(tag);
    size_t first = recipe->at;
    size_t start_line = recipe->line;
    const char *line;
    size_t len;
    size_t indent = 0;
    for (;;) {
        size_t before = recipe->at;
        if (!take_line(recipe, &line, &len)) {
            recipe->line = start_line;
            fx_recipe_fail(recipe, "no line '%s' ends the text", tag);
        }
        for (indent = 0; indent < len && is_blank(line[indent]);) {
            indent++;
        }
        if (len - indent == tag_len && memcmp(line + indent, tag, tag_len) == 0) {
            ret_line->text = recipe->data + first;
            ret_line->text_len = before - first;
            break;
        }
    }
    if (!strip || indent == 0) {
        return;
    }
    struct fx_buf out = {0};
    for (size_t at = 0; at < ret_line->text_len;) {
        const char *from = ret_line->text + at;
        const char *end = memchr(from, '\n', ret_line->text_len - at);
        size_t n = end == NULL ? ret_line->text_len - at : (size_t)(end - from) + 1;
        size_t skip = 0;
        while (skip < indent && skip < n && is_blank(from[skip])) {
            skip++;
        }
        fx_buf_put(&out, from + skip, n - skip);
        at += n;
    }
    ret_line->text = fx_arena_copy(&recipe->arena, out.data, out.len);
    ret_line->text_len = out.len;
    fx_buf_fini(&out);
}

bool fx_recipe_next(struct fx_recipe *recipe, struct fx_line *ret_line)
{
    const char *line;
    size_t len;
    while (take_line(recipe, &line, &len)) {
        size_t at = 0;
        while (at < len && is_blank(line[at])) {
            at++;
        }
        if (at == len || line[at] == '#') {
            continue;
        }
        *ret_line = (struct fx_line){0};
        while (at < len) {
            if (ret_line->block || ret_line->has_text) {
                fx_recipe_fail(recipe, "nothing may follow '{' or '<<TAG'");
            }
            at = take_word(recipe, line, len, at, ret_line);
            while (at < len && is_blank(line[at])) {
                at++;
            }
        }
        if (ret_line->block) {
            ret_line->count--;
        }
        if (ret_line->has_text) {
            take_text(recipe, ret_line->words[--ret_line->count].text + 2, ret_line);
        }
        return true;
    }
    return false;
}

const char *fx_word_value(const struct fx_word *word, const char *key)
{
    size_t n = strlen(key);
    if (word->key_len != n || memcmp(word->text, key, n) != 0) {
        return NULL;
    }
    return word->text + n + 1;
}

int64_t fx_recipe_number(const struct fx_recipe *recipe, const char *text)
{
    char *end = NULL;
    errno = 0;
    long long n = strtoll(text, &end, 0);
    long long unit = 1;
    if (*end == 'K' || *end == 'M' || *end == 'G') {
        unit = *end == 'K' ? 1024 : *end == 'M' ? 1024 * 1024 : 1024 * 1024 * 1024;
        end++;
    }
    if (end == text || *end != '\0' || errno != 0 || n > INT64_MAX / unit || n < INT64_MIN / unit) {
        fx_recipe_fail(recipe, "'%s' is no number", text);
    }
    return n * unit;
}

static bool flag_word(const struct fx_word *word, const char *name, bool *ret_flag)
{
    if (strcmp(word->text, name) != 0) {
        return false;
    }
    *ret_flag = true;
    return true;
}

bool fx_recipe_content_word(const struct fx_recipe *recipe, const struct fx_word *word,
                            struct fx_content *content)
{
    static const struct {
        const char *key;
        enum fx_pattern pattern;
    } patterns[] = {
        {"fill", FX_PATTERN_FILL},
        {"random", FX_PATTERN_RANDOM},
        {"zero", FX_PATTERN_ZERO},
    };
    const char *value = fx_word_value(word, "encoding");
    if (value != NULL) {
        if (strcmp(value, "gzip") == 0) {
            content->form.gzip = true;
        } else if (!fx_encoding_find(value, &content->form.encoding)) {
            fx_recipe_fail(recipe, "unknown encoding '%s'", value);
        }
        return true;
    }
    if ((value = fx_word_value(word, "seed")) != NULL) {
        content->seed = (uint64_t)fx_recipe_number(recipe, value);
        return true;
    }
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        if ((value = fx_word_value(word, patterns[i].key)) != NULL) {
            content->has_pattern = true;
            content->pattern = patterns[i].pattern;
            content->size = (uint64_t)fx_recipe_number(recipe, value);
            return true;
        }
    }
    return flag_word(word, "crlf", &content->form.crlf) ||
           flag_word(word, "noeol", &content->form.no_eol) ||
           flag_word(word, "escapes", &content->form.escapes) ||
           flag_word(word, "expand", &content->form.expand) ||
           flag_word(word, "hex", &content->form.hex) ||
           flag_word(word, "gzip", &content->form.gzip) || flag_word(word, "raw", &content->raw);
}

struct fx_source fx_recipe_content(struct fx_recipe *recipe, const struct fx_content *content,
                                   const struct fx_line *line)
{
    if (content->has_pattern) {
        if (line->has_text) {
            fx_recipe_fail(recipe, "either text or a pattern, not both");
        }
        return (struct fx_source){
            .pattern = content->pattern, .size = content->size, .seed = content->seed};
    }
    struct fx_buf out = {0};
    fx_text_write(line->text, line->text_len, &content->form, &out);
    struct fx_source source = {
        .pattern = FX_PATTERN_BYTES,
        .size = out.len,
        .bytes = (const unsigned char *)fx_arena_copy(&recipe->arena, out.data, out.len),
    };
    fx_buf_fini(&out);
    return source;
}
