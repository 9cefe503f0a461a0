/* The names that a shell may complete an argument with, and only the program knows: rules, and the
 * submissions of the baseline store. It runs while somebody presses a key, so the store is only
 * listed and never written, and whatever goes wrong is an empty list: an error message would stand
 * in the middle of the line that is being typed. */
#include "imgval/cli/complete.h"

#include "cache/store.h"
#include "imgval/base/attr.h"
#include "imgval/cli/command.h"
#include "rules/rules.h"

#include <string.h>

/* Records that are offered at most: a list that nobody reads helps nobody. */
#define RECORDS_MAX 500

void iv_complete_rules(struct iv_arena *arena, struct iv_complete_names *ret_names)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    size_t room = 0;
    iv_rules_all(families);
    for (size_t i = 0; i < IV_RULE_FAMILIES; i++) {
        room += families[i].count;
    }
    ret_names->items = IV_NEW_ARRAY(arena, struct iv_complete_name, room);
    for (size_t i = 0; i < IV_RULE_FAMILIES; i++) {
        for (size_t k = 0; k < families[i].count; k++) {
            const struct iv_rule *rule = &families[i].rows[k];
            ret_names->items[ret_names->count++] =
                (struct iv_complete_name){.name = rule->id, .help = rule->name};
        }
    }
}

/* --cache of the unfinished line, in either spelling; the parser is not used, for the line need not
 * be right yet. */
static const char *store_of_line(const struct iv_strings *line)
{
    static const char name[] = "--cache=";
    for (size_t i = 0; i + 1 < line->count; i++) {
        if (strncmp(line->items[i], name, strlen(name)) == 0) {
            return line->items[i] + strlen(name);
        }
        if (strcmp(line->items[i], "--cache") == 0) {
            return line->items[i + 1];
        }
    }
    return NULL;
}

/* A recorded name comes from firmware: it may hold anything. */
static bool is_plain(const char *text)
{
    return text[strspn(
               text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

/* Two candidates for a record: the beginning of its id, and its POP with version where all parts
 * are plain. */
static void add_record(const struct iv_record *record, struct iv_arena *arena,
                       struct iv_complete_names *names)
{
    const struct iv_pop *pop = record->pop_count > 0 ? &record->pops[0].pop : NULL;
    const char *version = record->firmware_version;
    bool is_named = pop != NULL && version != NULL && is_plain(version) && is_plain(pop->oem) &&
                    is_plain(pop->mobile_operator) && is_plain(pop->model);
    const char *shown = is_named ? iv_arena_printf(arena, "%s/%s/%s@%s", pop->oem,
                                                   pop->mobile_operator, pop->model, version)
                                 : NULL;
    if (!is_plain(record->id)) {
        return;
    }
    names->items[names->count++] = (struct iv_complete_name){
        .name = iv_arena_printf(arena, "%.12s", record->id), .help = shown};
    if (shown != NULL) {
        names->items[names->count++] = (struct iv_complete_name){
            .name = shown, .help = record->pops[0].baseline ? "baseline" : "submission"};
    }
}

void iv_complete_records(const struct iv_strings *line, struct iv_arena *arena,
                         struct iv_complete_names *ret_names)
{
    struct iv_error err = {0};
    const char *path;
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record *records;
    size_t count;
    if (!iv_command_store_path(store_of_line(line), arena, &path, &err) ||
        !iv_store_open(path, IV_STORE_READ, &store, &err) ||
        !iv_store_list(store, false, arena, &records, &count, &err)) {
        return;
    }
    count = count < RECORDS_MAX ? count : RECORDS_MAX;
    ret_names->items = IV_NEW_ARRAY(arena, struct iv_complete_name, 2 * count);
    for (size_t i = 0; i < count; i++) {
        add_record(&records[i], arena, ret_names);
    }
}
