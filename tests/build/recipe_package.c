#include "recipe_package.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest_write.h"

bool fx_method_find(const char *name, struct fx_method_choice *ret_choice)
{
    if (strcmp(name, "none") == 0 || strcmp(name, "stored") == 0) {
        *ret_choice = (struct fx_method_choice){.method = FX_METHOD_NONE};
        return true;
    }
    if (strcmp(name, "mszip") == 0) {
        *ret_choice = (struct fx_method_choice){.method = FX_METHOD_MSZIP};
        return true;
    }
    for (unsigned bits = 15; bits <= 21; bits++) {
        char candidate[8];
        snprintf(candidate, sizeof(candidate), "lzx%u", bits);
        if (strcmp(name, candidate) == 0 || (bits == 15 && strcmp(name, "lzx") == 0)) {
            *ret_choice = (struct fx_method_choice){.method = FX_METHOD_LZX, .window_bits = bits};
            return true;
        }
    }
    return false;
}

/* ---- settings: words KEY=VALUE about the cabinet as a whole ---- */

struct context {
    struct fx_recipe *recipe;
    struct fx_package *package;
};

static void set_methods(const struct context *in, const char *value)
{
    struct fx_package *package = in->package;
    package->method_count = 0;
    for (;;) {
        size_t n = strcspn(value, ",");
        char *name = fx_arena_copy(&in->recipe->arena, value, n);
        if (package->method_count == FX_METHODS_MAX ||
            !fx_method_find(name, &package->methods[package->method_count++])) {
            fx_recipe_fail(in->recipe, "compress=%s: none, mszip, lzx, lzx15 ... lzx21", value);
        }
        if (value[n] == '\0') {
            return;
        }
        value += n + 1;
    }
}

static void set_order(const struct context *in, const char *value)
{
    static const char *const names[] = {
        [FX_ORDER_USUAL] = "usual",
        [FX_ORDER_FIRST] = "manifest-first",
        [FX_ORDER_MIDDLE] = "manifest-middle",
        [FX_ORDER_LAST] = "manifest-last",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], value) == 0) {
            in->package->order = (enum fx_order)i;
            return;
        }
    }
    fx_recipe_fail(in->recipe, "order=%s: usual, manifest-first, -middle or -last", value);
}

static void set_checksum(const struct context *in, const char *value)
{
    static const char *const names[] = {
        [FX_CHECKSUM_GOOD] = "good",
        [FX_CHECKSUM_ZERO] = "zero",
        [FX_CHECKSUM_BAD] = "bad",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], value) == 0) {
            in->package->cabinet.checksum = (enum fx_checksum)i;
            return;
        }
    }
    fx_recipe_fail(in->recipe, "checksum=%s: good, zero or bad", value);
}

/* Cuts "A:B" at the colon: returns a copy of A and points *value at B. */
static char *take_part(const struct context *in, const char **value)
{
    const char *colon = strchr(*value, ':');
    if (colon == NULL) {
        fx_recipe_fail(in->recipe, "'%s': a ':' is missing", *value);
    }
    char *part = fx_arena_copy(&in->recipe->arena, *value, (size_t)(colon - *value));
    *value = colon + 1;
    return part;
}

static void set_patch(const struct context *in, const char *value)
{
    struct fx_cabinet *cabinet = &in->package->cabinet;
    struct fx_patch *patch = fx_arena_push(&in->recipe->arena, (void **)&cabinet->patches,
                                           &cabinet->patch_count, sizeof(*patch));
    patch->offset = (uint64_t)fx_recipe_number(in->recipe, take_part(in, &value));
    struct fx_buf bytes = {0};
    const struct fx_text_form hex = {.hex = true};
    fx_text_write(value, strlen(value), &hex, &bytes);
    patch->bytes = (const unsigned char *)fx_arena_copy(&in->recipe->arena, bytes.data, bytes.len);
    patch->len = bytes.len;
    fx_buf_fini(&bytes);
}

static void add_field(const struct context *in, const char *name, uint64_t value)
{
    struct fx_cabinet *cabinet = &in->package->cabinet;
    if (!fx_cabinet_has_field(name, false)) {
        fx_recipe_fail(in->recipe, "no field '%s' in a cabinet header", name);
    }
    struct fx_field *field = fx_arena_push(&in->recipe->arena, (void **)&cabinet->fields,
                                           &cabinet->field_count, sizeof(*field));
    field->name = name;
    field->value = value;
}

static void set_field(const struct context *in, const char *value)
{
    const char *name = take_part(in, &value);
    add_field(in, name, (uint64_t)fx_recipe_number(in->recipe, value));
}

static void set_block(const struct context *in, const char *value)
{
    struct fx_cabinet *cabinet = &in->package->cabinet;
    struct fx_field *field = fx_arena_push(&in->recipe->arena, (void **)&cabinet->fields,
                                           &cabinet->field_count, sizeof(*field));
    field->block.set = true;
    field->block.value = (uint64_t)fx_recipe_number(in->recipe, take_part(in, &value));
    field->name = take_part(in, &value);
    field->value = (uint64_t)fx_recipe_number(in->recipe, value);
    if (!fx_cabinet_has_field(field->name, true)) {
        fx_recipe_fail(in->recipe, "no field '%s' in a data block", field->name);
    }
}

static void set_folder(const struct context *in, const char *value)
{
    struct fx_package *package = in->package;
    struct fx_field *field = fx_arena_push(&in->recipe->arena, (void **)&package->folder_lies,
                                           &package->folder_lie_count, sizeof(*field));
    field->block.value = (uint64_t)fx_recipe_number(in->recipe, take_part(in, &value));
    field->name = take_part(in, &value);
    field->value = (uint64_t)fx_recipe_number(in->recipe, value);
    if (strcmp(field->name, "offset") != 0 && strcmp(field->name, "blocks") != 0 &&
        strcmp(field->name, "type") != 0) {
        fx_recipe_fail(in->recipe, "folder=I:FIELD:N: offset, blocks or type");
    }
}

static void set_truncate(const struct context *in, const char *value)
{
    in->package->cabinet.has_truncate = true;
    in->package->cabinet.truncate = fx_recipe_number(in->recipe, value);
}

static void set_blocksize(const struct context *in, const char *value)
{
    int64_t n = fx_recipe_number(in->recipe, value);
    if (n < 1 || n > 32768) {
        fx_recipe_fail(in->recipe, "blocksize=%s: 1 to 32768", value);
    }
    in->package->block_size = (unsigned)n;
}

static void set_reserve(const struct context *in, const char *value, unsigned max,
                        unsigned *reserve)
{
    int64_t n = fx_recipe_number(in->recipe, value);
    if (n < 0 || n > max) {
        fx_recipe_fail(in->recipe, "a reserve of %s bytes: at most %u", value, max);
    }
    *reserve = (unsigned)n;
}

static void set_header_reserve(const struct context *in, const char *value)
{
    set_reserve(in, value, 60000, &in->package->cabinet.header_reserve);
}

static void set_folder_reserve(const struct context *in, const char *value)
{
    set_reserve(in, value, 255, &in->package->cabinet.folder_reserve);
}

static void set_data_reserve(const struct context *in, const char *value)
{
    set_reserve(in, value, 255, &in->package->cabinet.data_reserve);
}

static void set_flags(const struct context *in, const char *value)
{
    in->package->cabinet.flags =
        (struct fx_lie){.set = true, .value = (uint64_t)fx_recipe_number(in->recipe, value)};
}

static void set_previous(const struct context *in, const char *value)
{
    in->package->cabinet.previous = value;
}

static void set_next(const struct context *in, const char *value)
{
    in->package->cabinet.next = value;
}

static void set_append(const struct context *in, const char *value)
{
    in->package->cabinet.append = (uint64_t)fx_recipe_number(in->recipe, value);
}

static void set_nfiles(const struct context *in, const char *value)
{
    add_field(in, "cFiles", (uint64_t)fx_recipe_number(in->recipe, value));
}

static void set_nfolders(const struct context *in, const char *value)
{
    add_field(in, "cFolders", (uint64_t)fx_recipe_number(in->recipe, value));
}

static void set_comptype(const struct context *in, const char *value)
{
    in->package->folder_type =
        (struct fx_lie){.set = true, .value = (uint64_t)fx_recipe_number(in->recipe, value)};
}

static void set_folders(const struct context *in, const char *value)
{
    in->package->folders = (uint64_t)fx_recipe_number(in->recipe, value);
}

static void set_payload(const struct context *in, const char *value)
{
    in->package->payload = strcmp(value, "true") == 0;
}

static void set_twin(const struct context *in, const char *value)
{
    in->package->twin = value;
}

static const struct {
    const char *key;
    void (*set)(const struct context *in, const char *value);
    bool packages_only;
} settings[] = {
    {"compress", set_methods, false},
    {"blocksize", set_blocksize, false},
    {"twin", set_twin, false},
    {"truncate", set_truncate, false},
    {"patch", set_patch, false},
    {"append", set_append, false},
    {"header_reserve", set_header_reserve, false},
    {"folder_reserve", set_folder_reserve, false},
    {"data_reserve", set_data_reserve, false},
    {"flags", set_flags, false},
    {"previous", set_previous, false},
    {"next", set_next, false},
    {"checksum", set_checksum, false},
    {"nfiles", set_nfiles, false},
    {"nfolders", set_nfolders, false},
    {"comptype", set_comptype, false},
    {"set", set_field, false},
    {"block", set_block, false},
    {"folder", set_folder, false},
    {"order", set_order, true},
    {"folders", set_folders, true},
    {"payload", set_payload, true},
};

static void take_setting(const struct context *in, const struct fx_word *word, bool is_package)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        const char *value = fx_word_value(word, settings[i].key);
        if (value != NULL && (is_package || !settings[i].packages_only)) {
            settings[i].set(in, value);
            return;
        }
    }
    if (is_package && word->key_len > 0) {
        char *key = fx_arena_copy(&in->recipe->arena, word->text, word->key_len);
        if (fx_package_set(in->package, key, word->text + word->key_len + 1)) {
            return;
        }
    }
    fx_recipe_fail(in->recipe, "unknown word '%s'", word->text);
}

static void take_settings(const struct context *in, const struct fx_line *line, size_t from,
                          bool is_package)
{
    for (size_t i = from; i < line->count; i++) {
        take_setting(in, &line->words[i], is_package);
    }
}

/* ---- lines of a block ---- */

static const struct fx_word *need_word(const struct context *in, const struct fx_line *line,
                                       size_t i)
{
    if (i >= line->count) {
        fx_recipe_fail(in->recipe, "'%s': a word is missing", line->words[0].text);
    }
    return &line->words[i];
}

static bool take_member_lie(const struct context *in, const struct fx_word *word,
                            struct fx_member *member)
{
    const struct {
        const char *key;
        struct fx_lie *lie;
    } rows[] = {
        {"size", &member->lie_size},     {"offset", &member->lie_offset},
        {"folder", &member->lie_folder}, {"attr", &member->attributes},
        {"date", &member->date},         {"time", &member->time},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *value = fx_word_value(word, rows[i].key);
        if (value != NULL) {
            rows[i].lie->set = true;
            rows[i].lie->value = (uint64_t)fx_recipe_number(in->recipe, value);
            return true;
        }
    }
    return false;
}

/* `member NAME ...`: appends count=N members to the list. */
static void take_member(const struct context *in, const struct fx_line *line, size_t folder,
                        struct fx_member **members, size_t *member_count)
{
    const struct fx_word *name = need_word(in, line, 1);
    struct fx_content content = {.seed = 1};
    struct fx_member proto = {.folder = folder};
    uint64_t count = 1;
    bool first = false;
    for (size_t i = 2; i < line->count; i++) {
        const struct fx_word *word = &line->words[i];
        const char *value = fx_word_value(word, "count");
        if (value != NULL) {
            count = (uint64_t)fx_recipe_number(in->recipe, value);
        } else if (strcmp(word->text, "first") == 0) {
            first = true;
        } else if (!fx_recipe_content_word(in->recipe, word, &content) &&
                   !take_member_lie(in, word, &proto)) {
            fx_recipe_fail(in->recipe, "unknown word '%s'", word->text);
        }
    }
    proto.source = fx_recipe_content(in->recipe, &content, line);
    for (uint64_t k = 0; k < count; k++) {
        struct fx_member *member =
            fx_arena_push(&in->recipe->arena, (void **)members, member_count, sizeof(*member));
        if (first && folder == 0) {
            size_t at = in->package->extras_first++;
            memmove(*members + at + 1, *members + at, (*member_count - 1 - at) * sizeof(*member));
            member = *members + at;
        }
        *member = proto;
        member->source.seed += k;
        member->name = name->text;
        member->name_len = name->len;
        if (count > 1) {
            char number[24];
            snprintf(number, sizeof(number), "%llu", (unsigned long long)k);
            const char *hole = strstr(name->text, "%u");
            member->name =
                hole == NULL
                    ? fx_arena_printf(&in->recipe->arena, "%s%s", name->text, number)
                    : fx_arena_printf(&in->recipe->arena, "%.*s%s%s", (int)(hole - name->text),
                                      name->text, number, hole + 2);
            member->name_len = strlen(member->name);
        }
    }
}

static void take_file(const struct context *in, const struct fx_line *line)
{
    struct fx_content content = {.seed = 1, .size = 1024};
    struct fx_entry *entry = fx_package_add_entry(in->package);
    entry->device_path = need_word(in, line, 1)->text;
    bool sized = !line->has_text;
    for (size_t i = 2; i < line->count; i++) {
        const struct fx_word *word = &line->words[i];
        const char *value;
        if ((value = fx_word_value(word, "size")) != NULL) {
            content.size = (uint64_t)fx_recipe_number(in->recipe, value);
        } else if ((value = fx_word_value(word, "listed_size")) != NULL) {
            entry->lie_size = (struct fx_lie){
                .set = true, .value = (uint64_t)fx_recipe_number(in->recipe, value)};
        } else if ((value = fx_word_value(word, "type")) != NULL) {
            entry->type = value;
        } else if ((value = fx_word_value(word, "cab")) != NULL) {
            entry->cab_path = value;
        } else if (!fx_recipe_content_word(in->recipe, word, &content)) {
            fx_recipe_fail(in->recipe, "unknown word '%s'", word->text);
        }
    }
    if (sized && !content.has_pattern) {
        content.has_pattern = true;
        content.pattern = FX_PATTERN_FILL;
    }
    entry->source = fx_recipe_content(in->recipe, &content, line);
}

/* Registry text is written for people: the header, UTF-16 and CR LF are added here. */
static struct fx_source registry_source(const struct context *in, const struct fx_content *content,
                                        const struct fx_line *line)
{
    struct fx_buf text = {0};
    struct fx_line whole = *line;
    if (content->raw) {
        fx_buf_put(&text, line->text, line->text_len);
    } else if (in->package->style == FX_STYLE_CBS) {
        fx_manifest_write_registry(line->text, line->text_len, &text);
    } else {
        fx_buf_text(&text, "Windows Registry Editor Version 5.00\n\n");
        fx_buf_put(&text, line->text, line->text_len);
    }
    whole.text = (const char *)text.data;
    whole.text_len = text.len;
    struct fx_source source = fx_recipe_content(in->recipe, content, &whole);
    fx_buf_fini(&text);
    return source;
}

static void take_registry(const struct context *in, const struct fx_line *line)
{
    bool spkg = in->package->style == FX_STYLE_SPKG;
    struct fx_content content = {.seed = 1};
    if (spkg) {
        content.form = (struct fx_text_form){.encoding = FX_ENCODING_UTF16LE, .crlf = true};
    }
    struct fx_entry *entry = fx_package_add_entry(in->package);
    entry->registry = true;
    entry->type = "Registry";
    entry->cab_path = need_word(in, line, 1)->text;
    entry->device_path = spkg
                             ? need_word(in, line, 2)->text
                             : fx_arena_printf(&in->recipe->arena,
                                               "\\Windows\\WinSxS\\Manifests\\%s", entry->cab_path);
    for (size_t i = spkg ? 3 : 2; i < line->count; i++) {
        const char *type = fx_word_value(&line->words[i], "type");
        if (type != NULL) {
            entry->type = type;
        } else if (!fx_recipe_content_word(in->recipe, &line->words[i], &content)) {
            fx_recipe_fail(in->recipe, "unknown word '%s'", line->words[i].text);
        }
    }
    entry->source = registry_source(in, &content, line);
}

static void take_manifest(const struct context *in, const struct fx_line *line)
{
    struct fx_content content = {.seed = 1};
    for (size_t i = 1; i < line->count; i++) {
        if (!fx_recipe_content_word(in->recipe, &line->words[i], &content)) {
            fx_recipe_fail(in->recipe, "unknown word '%s'", line->words[i].text);
        }
    }
    in->package->manifest_text = fx_recipe_content(in->recipe, &content, line);
    in->package->has_manifest = true;
}

static void take_alteration(const struct context *in, const struct fx_line *line)
{
    struct fx_package *package = in->package;
    struct fx_alteration *change = fx_arena_push(&in->recipe->arena, (void **)&package->alterations,
                                                 &package->alteration_count, sizeof(*change));
    change->name = need_word(in, line, 1)->text;
    for (size_t i = 2; i < line->count; i++) {
        const struct fx_word *word = &line->words[i];
        const char *value = fx_word_value(word, "rename");
        if (value != NULL) {
            change->rename = value;
            change->rename_len = word->len - (size_t)(value - word->text);
        } else if (!take_member_lie(in, word, &change->lies)) {
            fx_recipe_fail(in->recipe, "unknown word '%s'", word->text);
        }
    }
}

static void take_package_line(const struct context *in, const struct fx_line *line)
{
    const char *verb = line->words[0].text;
    struct fx_package *package = in->package;
    if (line->words[0].key_len > 0) {
        take_settings(in, line, 0, true);
    } else if (strcmp(verb, "file") == 0) {
        take_file(in, line);
    } else if (strcmp(verb, "reg") == 0) {
        take_registry(in, line);
    } else if (strcmp(verb, "manifest") == 0) {
        take_manifest(in, line);
    } else if (strcmp(verb, "member") == 0) {
        take_member(in, line, 0, &package->extras, &package->extra_count);
    } else if (strcmp(verb, "alter") == 0) {
        take_alteration(in, line);
    } else if (strcmp(verb, "omit") == 0) {
        const char **omit = fx_arena_push(&in->recipe->arena, (void **)&package->omits,
                                          &package->omit_count, sizeof(*omit));
        *omit = need_word(in, line, 1)->text;
    } else {
        fx_recipe_fail(in->recipe, "unknown word '%s' in a package", verb);
    }
}

/* Reads the next line of a block; false at its closing brace. */
static bool next_in_block(struct fx_recipe *recipe, struct fx_line *ret_line)
{
    if (!fx_recipe_next(recipe, ret_line)) {
        fx_recipe_fail(recipe, "a block is not closed with '}'");
    }
    if (ret_line->block || ret_line->count == 0) {
        fx_recipe_fail(recipe, "no block may stand here");
    }
    return strcmp(ret_line->words[0].text, "}") != 0;
}

void fx_recipe_package(struct fx_recipe *recipe, const struct fx_line *line, enum fx_style style)
{
    struct fx_package package;
    struct context in = {.recipe = recipe, .package = &package};
    struct fx_line next;
    fx_package_open(&package, style, &recipe->arena);
    take_settings(&in, line, 2, true);
    while (line->block && next_in_block(recipe, &next)) {
        take_package_line(&in, &next);
    }
    fx_package_write(&package, line->words[1].text);
}

/* ---- raw cabinets ---- */

static bool take_folder_lie(const struct context *in, const struct fx_word *word,
                            struct fx_folder *folder)
{
    const struct {
        const char *key;
        struct fx_lie *lie;
    } rows[] = {
        {"offset", &folder->lie_offset},
        {"blocks", &folder->lie_blocks},
        {"type", &folder->lie_type},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *value = fx_word_value(word, rows[i].key);
        if (value != NULL) {
            rows[i].lie->set = true;
            rows[i].lie->value = (uint64_t)fx_recipe_number(in->recipe, value);
            return true;
        }
    }
    return false;
}

static void add_folder(const struct context *in, const struct fx_line *line)
{
    struct fx_cabinet *cabinet = &in->package->cabinet;
    struct fx_method_choice choice =
        in->package->methods[cabinet->folder_count % in->package->method_count];
    struct fx_folder *folder = fx_arena_push(&in->recipe->arena, (void **)&cabinet->folders,
                                             &cabinet->folder_count, sizeof(*folder));
    folder->block_size = in->package->block_size;
    for (size_t i = 1; line != NULL && i < line->count; i++) {
        const struct fx_word *word = &line->words[i];
        const char *value;
        if ((value = fx_word_value(word, "compress")) != NULL) {
            if (!fx_method_find(value, &choice)) {
                fx_recipe_fail(in->recipe, "compress=%s: unknown", value);
            }
        } else if (!take_folder_lie(in, word, folder)) {
            fx_recipe_fail(in->recipe, "unknown word '%s'", word->text);
        }
    }
    folder->method = choice.method;
    folder->window_bits = choice.window_bits;
    if (choice.method == FX_METHOD_LZX) {
        folder->block_size = 32768; /* LZX frames have one size */
    }
}

void fx_recipe_cabinet(struct fx_recipe *recipe, const struct fx_line *line)
{
    struct fx_package package;
    struct context in = {.recipe = recipe, .package = &package};
    struct fx_cabinet *cabinet = &package.cabinet;
    struct fx_line next;
    fx_package_open(&package, FX_STYLE_SPKG, &recipe->arena);
    take_settings(&in, line, 2, false);
    while (line->block && next_in_block(recipe, &next)) {
        const char *verb = next.words[0].text;
        if (next.words[0].key_len > 0) {
            take_settings(&in, &next, 0, false);
        } else if (strcmp(verb, "folder") == 0) {
            add_folder(&in, &next);
        } else if (strcmp(verb, "member") == 0) {
            if (cabinet->folder_count == 0) {
                add_folder(&in, NULL);
            }
            take_member(&in, &next, cabinet->folder_count - 1, &cabinet->members,
                        &cabinet->member_count);
        } else if (strcmp(verb, "alter") == 0) {
            take_alteration(&in, &next);
        } else {
            fx_recipe_fail(recipe, "unknown word '%s' in a cabinet", verb);
        }
    }
    fx_package_write_cabinet(&package, line->words[1].text);
}
