/* Pieces of messages that several families use: holes filled, names listed up to a number, commands
 * that can be pasted into a shell. All text goes into the arena of the caller. What comes from the
 * input is put in as it is: sinks escape it, and only what a shell would read is quoted here. */
#include "rules/wording.h"

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/delta.h"

#include <string.h>

size_t iv_rules_hole_size(const char *p)
{
    return p[0] == '{' && p[1] >= '0' && p[1] <= '9' && p[2] == '}' ? 3 : 0;
}

/* A hole without an argument stays as it is written. Arguments are not scanned for holes: they are
 * names from the input, and a package called {0} must not be filled in turn. */
const char *iv_rules_fill(struct iv_arena *arena, const char *message, const char *const *arguments,
                          size_t count)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    for (const char *p = message; *p != '\0';) {
        size_t hole = iv_rules_hole_size(p);
        size_t index = hole > 0 ? (size_t)(p[1] - '0') : 0;
        if (hole > 0 && index < count && arguments[index] != NULL) {
            iv_buf_puts(&buf, arguments[index]);
            p += hole;
        } else {
            iv_buf_putc(&buf, *p++);
        }
    }
    return iv_arena_strndup(arena, iv_buf_text(&buf), buf.size);
}

/* The options of this run are repeated, so that the command works on the same store and device.
 * A path that starts with '-' gets "./" before it, or it would be taken for an option. */
const char *iv_rules_command(struct iv_verdict *verdict, const struct iv_case *c, const char *verb,
                             const char *argument, const char *word)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&buf, "imgval %s", verb);
    if (argument != NULL) {
        iv_buf_putc(&buf, ' ');
        iv_buf_puts(&buf, argument);
    }
    iv_buf_puts(&buf, c->run->options == NULL ? "" : c->run->options);
    iv_buf_puts(&buf, word[0] == '-' ? " ./" : " ");
    iv_shell_quote(&buf, word);
    return iv_arena_strndup(iv_verdict_arena(verdict), iv_buf_text(&buf), buf.size);
}

bool iv_rules_has_fault(const struct iv_submission *submission, const char *path)
{
    for (size_t i = 0; path != NULL && i < submission->fault_count; i++) {
        const char *at = submission->faults[i].path;
        if (at != NULL && strcmp(at, path) == 0) {
            return true;
        }
    }
    return false;
}

const char *iv_rules_file_name(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A record may lack both: an imported list has an id but perhaps no version, --against a path has
 * perhaps neither. */
const char *iv_rules_baseline_name(struct iv_arena *arena, const struct iv_baseline *baseline)
{
    return iv_arena_printf(
        arena, "%s (version %s)", baseline->id != NULL ? baseline->id : "without an id",
        baseline->firmware_version != NULL ? baseline->firmware_version : "unknown");
}

const char *iv_rules_names(struct iv_arena *arena, const struct iv_package *const *packages,
                           size_t count)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    size_t shown = count < IV_RULES_NAMES_MAX ? count : IV_RULES_NAMES_MAX;
    for (size_t i = 0; i < shown; i++) {
        iv_buf_puts(&buf, i == 0 ? "" : ", ");
        iv_buf_puts(&buf, iv_package_shown_name(packages[i]));
    }
    if (count > shown) {
        iv_buf_printf(&buf, " and %zu more", count - shown);
    }
    return iv_arena_strndup(arena, iv_buf_text(&buf), buf.size);
}

/* The pairs were found by the difference itself (`other`); each is named once. */
const char *iv_rules_removed_remedy(const struct iv_rule *rule, const struct iv_delta *delta,
                                    struct iv_arena *arena)
{
    const char *text = rule->remedy;
    size_t shown = 0;
    for (size_t i = 0; i < delta->count && shown < IV_RULES_NAMES_MAX; i++) {
        const struct iv_change *change = &delta->changes[i];
        if (change->after == NULL && change->other != NULL) {
            text = iv_arena_printf(arena, "%s%s%s -> %s", text, shown == 0 ? " renamed? " : ", ",
                                   iv_package_shown_name(change->before),
                                   iv_package_shown_name(change->other));
            shown++;
        }
    }
    return text;
}
