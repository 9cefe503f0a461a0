#include "source.h"

#include <string.h>

static const char *const words[] = {
    "device ", "driver ",  "image ",  "update ", "package ", "partition ", "registry ", "phone ",
    "module ", "export ",  "return ", "string ", "pointer ", "section ",   "resource ", "version ",
    "0x0000 ", "windows ", "system ", "kernel ", "thread ",  "handle ",    "status ",   "buffer ",
    ".text ",  ".rdata ",  "ABCD",    "1234",    "_crt",     "\r\n",       "\t",        "; ",
};

uint64_t fx_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x;
}

uint64_t fx_random_seed(uint64_t seed, uint64_t stream)
{
    /* splitmix64 over both numbers: neighbouring seeds give unrelated sequences. */
    uint64_t z = seed * UINT64_C(0x9E3779B97F4A7C15) + stream * UINT64_C(0xD1B54A32D192ED03) + 1;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return z == 0 ? 1 : z;
}

void fx_stream_open(struct fx_stream *stream, const struct fx_source *source)
{
    *stream = (struct fx_stream){
        .source = *source,
        .state = fx_random_seed(source->seed, (uint64_t)source->pattern),
    };
}

static void fill(struct fx_stream *stream, unsigned char *out, size_t n)
{
    size_t at = 0;
    while (at < n) {
        if (stream->word_len == 0) {
            stream->word = words[fx_random(&stream->state) >> 20 & 31];
            stream->word_len = strlen(stream->word);
        }
        size_t take = n - at < stream->word_len ? n - at : stream->word_len;
        memcpy(out + at, stream->word, take);
        stream->word += take;
        stream->word_len -= take;
        at += take;
    }
}

static void randomize(struct fx_stream *stream, unsigned char *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (unsigned char)(fx_random(&stream->state) >> 24 & 0xFF);
    }
}

size_t fx_stream_read(struct fx_stream *stream, unsigned char *out, size_t n)
{
    uint64_t left = stream->source.size - stream->done;
    if (n > left) {
        n = (size_t)left;
    }
    if (n == 0) {
        return 0;
    }
    switch (stream->source.pattern) {
    case FX_PATTERN_BYTES:
        memcpy(out, stream->source.bytes + stream->done, n);
        break;
    case FX_PATTERN_FILL:
        fill(stream, out, n);
        break;
    case FX_PATTERN_RANDOM:
        randomize(stream, out, n);
        break;
    case FX_PATTERN_ZERO:
        memset(out, 0, n);
        break;
    }
    stream->done += n;
    return n;
}
