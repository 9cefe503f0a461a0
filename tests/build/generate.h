/*
 * Large package trees for benchmarks: names, versions, sizes and bytes follow from the options
 * alone.
 */
#ifndef FX_GENERATE_H
#define FX_GENERATE_H

#include "package_write.h"

#define FX_CHOICES_MAX 10

/* Choices with weights, such as stored:1,lzx:2. */
struct fx_choices {
    const char *names[FX_CHOICES_MAX];
    unsigned weights[FX_CHOICES_MAX];
    size_t count;
    unsigned total;
};

struct fx_generate {
    struct fx_arena *arena;
    uint64_t packages;
    uint64_t first; /* number of the first package: names follow from numbers */
    uint64_t seed;
    struct fx_choices mix;      /* compression methods */
    struct fx_choices manifest; /* head, middle, last */
    struct fx_choices style;    /* spkg, cbs, spkgdir, cbsdir */
    uint64_t payload;           /* bytes per package before compression */
    uint64_t files;             /* entries in the manifest, with manifest and catalog */
    uint64_t subdirs;           /* 0: all packages in one folder */
    uint64_t binary;            /* per cent that are binary partition packages */
    uint64_t registry;          /* registry files for each package, after its payload */
    uint64_t jobs;
    const char *owner;
    const char *owner_type;
    const char *version; /* first two numbers of each version */
};

void fx_generate_open(struct fx_generate *options, struct fx_arena *arena);

/* Takes one KEY=VALUE; ends the program when it is wrong. */
void fx_generate_option(struct fx_generate *options, const char *word);

/* Writes the tree beneath directory ("" is the output directory itself). */
void fx_generate_run(const struct fx_generate *options, const char *directory);

#endif
