/*
 * Where the bytes of a file or cabinet member come from: given bytes, or a pattern of any length
 * that is made while it is written, so that a recipe can ask for gigabytes in one word.
 */
#ifndef FX_SOURCE_H
#define FX_SOURCE_H

#include "base.h"

enum fx_pattern {
    FX_PATTERN_BYTES,  /* the bytes given */
    FX_PATTERN_FILL,   /* pseudo-text that compresses to about a third */
    FX_PATTERN_RANDOM, /* bytes that do not compress */
    FX_PATTERN_ZERO    /* NUL bytes */
};

struct fx_source {
    enum fx_pattern pattern;
    uint64_t size;
    uint64_t seed;
    const unsigned char *bytes; /* borrowed; for FX_PATTERN_BYTES */
};

struct fx_stream {
    struct fx_source source;
    uint64_t done;
    uint64_t state;
    const char *word; /* rest of the word in hand */
    size_t word_len;
};

/* The next number of a xorshift sequence; *state must not be 0. */
uint64_t fx_random(uint64_t *state);

/* A state for fx_random that differs for every pair of arguments. */
uint64_t fx_random_seed(uint64_t seed, uint64_t stream);

/* Starts at the first byte. The source is copied, its bytes are borrowed. */
void fx_stream_open(struct fx_stream *stream, const struct fx_source *source);

/* Reads up to n bytes; returns how many, 0 at the end. The bytes do not depend on the sizes of the
 * reads. */
size_t fx_stream_read(struct fx_stream *stream, unsigned char *out, size_t n);

#endif
