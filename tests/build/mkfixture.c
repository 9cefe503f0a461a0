/*
 * mkfixture: test fixtures from text.
 *
 *   mkfixture RECIPE OUTDIR                    the tree that a recipe describes ("-": stdin)
 *   mkfixture --generate KEY=VALUE... OUTDIR   a large tree for benchmarks
 *   mkfixture --ffu SIZE[:SEED] FILE           a large FFU for benchmarks
 *   mkfixture --help                           the recipe language
 *
 * Recipes are reviewed like source; what they describe is built when a test runs and never stored.
 * The same recipe gives the same bytes. The program stands alone: it shares no code with imgval, so
 * that a mistake in imgval's readers cannot hide in the fixtures that test them.
 *
 *   mkfixture.c        this file
 *   help               the language, described
 *   recipe             directives; recipe_package: those that make cabinets; recipe_line: words
 *   generate           large trees
 *   package_write      a package's attributes and files -> members of a cabinet or folder
 *   manifest_write     a package's attributes and files -> XML
 *   cabinet_write      members -> cabinet, with every lie asked for; lzx_write: its compressor
 *   ffu_write          FFU files from disks; catalog_write: their catalogs
 *   disk_write         partitions -> disk; disks as raw and VHD files; recipe_disk: directives
 *   tree               files, links, pipes in the output directory
 *   text, source, base encodings; patterns of any length; memory
 *
 * Exit status: 0 built, 2 not. OUTDIR must not exist or be empty; a failed run leaves it half made.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ffu_write.h"
#include "generate.h"
#include "help.h"
#include "recipe.h"
#include "tree.h"

static void read_all(const char *path, struct fx_buf *out)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (file == NULL) {
        fx_die("%s: %s", path, strerror(errno));
    }
    size_t n;
    do {
        fx_buf_reserve(out, 65536);
        n = fread(out->data + out->len, 1, 65536, file);
        out->len += n;
    } while (n > 0);
    if (ferror(file)) {
        fx_die("%s: cannot read", path);
    }
    if (file != stdin) {
        fclose(file);
    }
}

static void generate(int count, char **words, const char *directory)
{
    struct fx_arena arena = {0};
    struct fx_generate options;
    fx_generate_open(&options, &arena);
    for (int i = 0; i < count; i++) {
        fx_generate_option(&options, words[i]);
    }
    fx_tree_enter(directory);
    fx_generate_run(&options, "");
    fx_arena_fini(&arena);
}

/* SIZE[:SEED], SIZE in bytes or with M or G after it. */
static void generate_ffu(const char *words, const char *path)
{
    char *end;
    uint64_t size = strtoull(words, &end, 10);
    uint64_t seed = 1;
    if (*end == 'M' || *end == 'G') {
        size *= *end++ == 'M' ? 1 << 20 : 1 << 30;
    }
    if (*end == ':') {
        seed = strtoull(end + 1, &end, 10);
    }
    if (*end != '\0' || size == 0) {
        fx_die("'%s': SIZE[:SEED] is needed", words);
    }
    fx_ffu_generate(path, size, seed);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fx_help_print(stdout);
        return fflush(stdout) == 0 ? 0 : 2;
    }
    if (argc == 4 && strcmp(argv[1], "--ffu") == 0) {
        generate_ffu(argv[2], argv[3]);
        return 0;
    }
    if (argc >= 3 && strcmp(argv[1], "--generate") == 0) {
        generate(argc - 3, argv + 2, argv[argc - 1]);
        return 0;
    }
    if (argc != 3 || strncmp(argv[1], "--", 2) == 0) {
        fprintf(stderr, "usage: mkfixture RECIPE OUTDIR\n"
                        "       mkfixture --generate KEY=VALUE... OUTDIR\n"
                        "       mkfixture --ffu SIZE[:SEED] FILE\n"
                        "       mkfixture --help\n");
        return 2;
    }
    struct fx_buf recipe = {0};
    read_all(argv[1], &recipe);
    fx_tree_enter(argv[2]);
    fx_recipe_run(argv[1], (const char *)recipe.data, recipe.len);
    fx_buf_fini(&recipe);
    return 0;
}
