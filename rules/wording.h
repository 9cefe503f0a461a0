/* wording.h: how the messages of rules name things. For rows of rules and for what reports beside
 * them. */
#ifndef IMGVAL_RULES_WORDING_H
#define IMGVAL_RULES_WORDING_H

#include "imgval/model/rule.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_delta;

/* The size of a hole "{N}" of a message text at p, or 0. */
size_t iv_rules_hole_size(const char *p);

/* Fills {0} {1} ... of a message text; missing arguments stay as they are. */
const char *iv_rules_fill(struct iv_arena *arena, const char *message, const char *const *arguments,
                          size_t count);

/*
 * A command that the user can type as it is: "imgval VERB ARGUMENT... WORD", with the options of
 * this run that it takes again. `argument` (NULL: none) stands in front of these; `word` is quoted.
 */
const char *iv_rules_command(struct iv_verdict *verdict, const struct iv_case *c, const char *verb,
                             const char *argument, const char *word);

/* Whether something of the metadata file could not be read; NULL: no. */
bool iv_rules_has_fault(const struct iv_submission *submission, const char *path);

/* How messages name things: the last part of a path (NULL stays NULL), a baseline as "ID (version
 * V)"; a package by iv_package_shown_name(). */
const char *iv_rules_file_name(const char *path);
const char *iv_rules_baseline_name(struct iv_arena *arena, const struct iv_baseline *baseline);

/* The names of packages for a message: at most this many, then "and N more". */
#define IV_RULES_NAMES_MAX 20
const char *iv_rules_names(struct iv_arena *arena, const struct iv_package *const *packages,
                           size_t count);

/* The remedy of a rule about removed packages; after it "renamed? OLD -> NEW, ..." for those of
 * the difference that probably have a new name. In the arena. */
const char *iv_rules_removed_remedy(const struct iv_rule *rule, const struct iv_delta *delta,
                                    struct iv_arena *arena);

#endif
