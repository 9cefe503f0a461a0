#include "recipe.h"

#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "recipe_disk.h"
#include "recipe_line.h"
#include "recipe_package.h"
#include "tree.h"

static void run_dir(struct fx_recipe *recipe, const struct fx_line *line)
{
    (void)recipe;
    fx_tree_directory(line->words[1].text);
}

static void run_file(struct fx_recipe *recipe, const struct fx_line *line)
{
    struct fx_content content = {.seed = 1};
    for (size_t i = 2; i < line->count; i++) {
        if (!fx_recipe_content_word(recipe, &line->words[i], &content)) {
            fx_recipe_fail(recipe, "unknown word '%s'", line->words[i].text);
        }
    }
    struct fx_source source = fx_recipe_content(recipe, &content, line);
    fx_tree_source(line->words[1].text, &source);
}

static void run_symlink(struct fx_recipe *recipe, const struct fx_line *line)
{
    (void)recipe;
    fx_tree_symlink(line->words[1].text, line->words[2].text);
}

static void run_fifo(struct fx_recipe *recipe, const struct fx_line *line)
{
    (void)recipe;
    fx_tree_fifo(line->words[1].text);
}

static void run_socket(struct fx_recipe *recipe, const struct fx_line *line)
{
    (void)recipe;
    fx_tree_socket(line->words[1].text);
}

static void run_sparse(struct fx_recipe *recipe, const struct fx_line *line)
{
    fx_tree_sparse(line->words[1].text, (uint64_t)fx_recipe_number(recipe, line->words[2].text));
}

static void run_chmod(struct fx_recipe *recipe, const struct fx_line *line)
{
    char *end;
    unsigned long mode = strtoul(line->words[2].text, &end, 8);
    if (*end != '\0' || end == line->words[2].text || mode > 07777) {
        fx_recipe_fail(recipe, "'%s' is no octal mode", line->words[2].text);
    }
    fx_tree_mode(line->words[1].text, (unsigned)mode);
}

static void run_mtime(struct fx_recipe *recipe, const struct fx_line *line)
{
    fx_tree_mtime(line->words[1].text, fx_recipe_number(recipe, line->words[2].text));
}

static void run_deep(struct fx_recipe *recipe, const struct fx_line *line)
{
    fx_tree_deep(line->words[1].text, line->words[2].text,
                 (uint64_t)fx_recipe_number(recipe, line->words[3].text));
}

static void run_spkg(struct fx_recipe *recipe, const struct fx_line *line)
{
    fx_recipe_package(recipe, line, FX_STYLE_SPKG);
}

static void run_cbs(struct fx_recipe *recipe, const struct fx_line *line)
{
    fx_recipe_package(recipe, line, FX_STYLE_CBS);
}

static void run_generate(struct fx_recipe *recipe, const struct fx_line *line)
{
    struct fx_generate options;
    fx_generate_open(&options, &recipe->arena);
    for (size_t i = 2; i < line->count; i++) {
        fx_generate_option(&options, line->words[i].text);
    }
    fx_generate_run(&options, line->words[1].text);
}

/* words: how many at least; exact: no more than that; block, text: may they follow */
static const struct directive {
    const char *name;
    void (*run)(struct fx_recipe *recipe, const struct fx_line *line);
    size_t words;
    bool exact, block, text;
} directives[] = {
    {"dir", run_dir, 2, true, false, false},
    {"file", run_file, 2, false, false, true},
    {"symlink", run_symlink, 3, true, false, false},
    {"fifo", run_fifo, 2, true, false, false},
    {"socket", run_socket, 2, true, false, false},
    {"sparse", run_sparse, 3, true, false, false},
    {"chmod", run_chmod, 3, true, false, false},
    {"mtime", run_mtime, 3, true, false, false},
    {"deep", run_deep, 4, true, false, false},
    {"spkg", run_spkg, 2, false, true, false},
    {"cbs", run_cbs, 2, false, true, false},
    {"cabinet", fx_recipe_cabinet, 2, false, true, false},
    {"generate", run_generate, 2, false, false, false},
    {"disk", fx_recipe_disk, 2, false, true, false},
    {"vhd", fx_recipe_vhd, 2, false, true, false},
    {"ffu", fx_recipe_ffu, 2, false, true, false},
};

static const struct directive *find_directive(const struct fx_recipe *recipe,
                                              const struct fx_line *line)
{
    const char *name = line->count == 0 ? "" : line->words[0].text;
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        const struct directive *directive = &directives[i];
        if (strcmp(directive->name, name) != 0) {
            continue;
        }
        if (line->count < directive->words) {
            fx_recipe_fail(recipe, "%s: too few words", name);
        }
        if (directive->exact && line->count > directive->words) {
            fx_recipe_fail(recipe, "%s: too many words", name);
        }
        if ((line->block && !directive->block) || (line->has_text && !directive->text)) {
            fx_recipe_fail(recipe, "%s: no %s may follow", name, line->block ? "block" : "text");
        }
        if (memchr(line->words[1].text, '\0', line->words[1].len) != NULL) {
            fx_recipe_fail(recipe, "a path cannot hold NUL");
        }
        return directive;
    }
    fx_recipe_fail(recipe, "unknown directive '%s'", name);
}

void fx_recipe_run(const char *name, const char *data, size_t len)
{
    struct fx_recipe recipe = {.name = name, .data = data, .len = len};
    struct fx_line line;
    fx_die_at(name, &recipe.line);
    while (fx_recipe_next(&recipe, &line)) {
        find_directive(&recipe, &line)->run(&recipe, &line);
        fx_arena_fini(&recipe.arena);
    }
    fx_arena_fini(&recipe.arena);
    fx_die_at(NULL, NULL);
}
