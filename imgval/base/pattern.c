/*
 * Patterns by PCRE2. Rules of a site are patterns that we did not write, and the text they are
 * matched with comes from a submission: either can make a backtracking matcher run for hours. So
 * every match has limits, and one that hits them is answered "not known", never "no".
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "imgval/base/pattern.h"

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/text.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

/* A match that needs more than these is answered with IV_MATCH_LIMIT within about a second. */
#define MATCH_LIMIT 1000000u
#define DEPTH_LIMIT 100000u
#define HEAP_LIMIT_KIB (32u * 1024u)
#define PATTERN_MAX ((size_t)64 * 1024)

/* What a pattern cannot switch on either: bytes, ASCII classes, no \C. */
#define COMPILE_OPTIONS (PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C)

struct iv_pattern {
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *data; /* scratch of one match; there are no threads */
};

/* PCRE2's memory, as ours: it ends the process where there is none. */
static void *pattern_malloc(size_t size, void *context)
{
    (void)context;
    return iv_malloc(size);
}

static void pattern_free(void *memory, void *context)
{
    (void)context;
    free(memory);
}

static void general_free(pcre2_general_context **general)
{
    pcre2_general_context_free(*general);
}

static void context_free(pcre2_compile_context **context)
{
    pcre2_compile_context_free(*context);
}

/* The pattern is somebody's text, so it is escaped and cut before it goes into a message. */
static bool pattern_error(const char *text, size_t place, int code, struct iv_error *err)
{
    PCRE2_UCHAR reason[256];
    if (pcre2_get_error_message(code, reason, sizeof(reason)) < 0) {
        memcpy(reason, "unknown error", sizeof("unknown error"));
    }
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&shown, text, 200, false);
    return iv_error_set(err, IV_ERROR_USAGE, "pattern \"%s\", at character %zu: %s",
                        iv_buf_text(&shown), place + 1, (const char *)reason);
}

/* Compiled once, for all submissions of a run. No JIT: it would need memory that is writable and
 * executable, which the sandbox refuses. */
bool iv_pattern_open(const char *text, struct iv_pattern **ret_pattern, struct iv_error *err)
{
    pcre2_general_context *general IV_CLEANUP(general_free) =
        pcre2_general_context_create(pattern_malloc, pattern_free, NULL);
    pcre2_compile_context *context IV_CLEANUP(context_free) = pcre2_compile_context_create(general);
    /* Fixed here, since Debian and others may build the library with another default. */
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_ANYCRLF);
    pcre2_set_max_pattern_length(context, PATTERN_MAX);

    int code = 0;
    PCRE2_SIZE place = 0;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, COMPILE_OPTIONS,
                                         &code, &place, context);
    if (compiled == NULL) {
        return pattern_error(text, place, code, err);
    }
    struct iv_pattern *pattern = iv_malloc(sizeof(*pattern));
    *pattern = (struct iv_pattern){
        .code = compiled,
        .context = pcre2_match_context_create(general),
        .data = pcre2_match_data_create(1, general),
    };
    pcre2_set_match_limit(pattern->context, MATCH_LIMIT);
    pcre2_set_depth_limit(pattern->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(pattern->context, HEAP_LIMIT_KIB);
    *ret_pattern = pattern;
    return true;
}

void iv_pattern_close(struct iv_pattern **pattern)
{
    if (*pattern != NULL) {
        pcre2_match_data_free((*pattern)->data);
        pcre2_match_context_free((*pattern)->context);
        pcre2_code_free((*pattern)->code);
        free(*pattern);
        *pattern = NULL;
    }
}

/* The whole text must match, as if the pattern stood between ^ and $ that no newline fools. */
enum iv_match iv_pattern_match(const struct iv_pattern *pattern, const char *text, size_t size)
{
    int code = pcre2_match(pattern->code, (PCRE2_SPTR)(size == 0 ? "" : text), size, 0,
                           PCRE2_ANCHORED | PCRE2_ENDANCHORED, pattern->data, pattern->context);
    if (code >= 0) { /* 0: more groups than places for them, still a match */
        return IV_MATCH_YES;
    }
    /* All else (a limit, no memory, endless recursion) leaves the question open. */
    return code == PCRE2_ERROR_NOMATCH ? IV_MATCH_NO : IV_MATCH_LIMIT;
}

void iv_pattern_library(struct iv_buf *buf)
{
    char version[64]; /* the library asks for 24 */
    if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof(version) &&
        pcre2_config(PCRE2_CONFIG_VERSION, version) > 0) {
        iv_buf_printf(buf, "PCRE2 %.*s", (int)strcspn(version, " "), version);
    }
}
