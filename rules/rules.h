/*
 * rules.h: the list of rule families, in report order, and how to find a rule. Each family is one
 * file rules_NAME.c with one const table; adding a rule is one row there.
 */
#ifndef IMGVAL_RULES_RULES_H
#define IMGVAL_RULES_RULES_H

#include "imgval/model/rule.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_delta;

#define IV_RULE_FAMILIES 8

extern const struct iv_rules iv_rules_standard; /* STD001..STD009 */
extern const struct iv_rules iv_rules_wspc;     /* WSPC001..WSPC015 */
extern const struct iv_rules iv_rules_rfu;      /* RFU001..RFU006 */
extern const struct iv_rules iv_rules_image;    /* IMG001..IMG010 */
extern const struct iv_rules iv_rules_ffu;      /* IMG101..IMG205 */
extern const struct iv_rules iv_rules_metadata; /* IMG301..IMG304 */
extern const struct iv_rules iv_rules_advice;   /* ADV... */
extern const struct iv_rules iv_rules_policy;   /* POL001..POL003 */

/* All of them, in report order. */
void iv_rules_all(struct iv_rules ret_families[IV_RULE_FAMILIES]);

/* By id or name (folded); NULL when there is none. */
const struct iv_rule *iv_rules_find(const char *id_or_name);

/*
 * By a message as a person pasted it: holes {0} {1} match anything, runs of blanks match each
 * other, case is folded, and a leading or trailing clip is fine as long as at least 24 characters
 * of the message's own words remain. NULL when no row, or more than one row equally well, matches.
 */
const struct iv_rule *iv_rules_find_message(const char *message);

/* Fills {0} {1} ... of a message text; missing arguments stay as they are. */
const char *iv_rules_fill(struct iv_arena *arena, const char *message, const char *const *arguments,
                          size_t count);

/* Whether something of the metadata file could not be read; NULL: no. */
bool iv_rules_has_fault(const struct iv_submission *submission, const char *path);

/* How messages name things: the last part of a path (NULL stays NULL), a package by its name or
 * else its key, a baseline as "ID (version V)". */
const char *iv_rules_file_name(const char *path);
const char *iv_rules_package_name(const struct iv_package *package);
const char *iv_rules_baseline_name(struct iv_arena *arena, const struct iv_baseline *baseline);

/* The names of packages for a message: at most this many, then "and N more". */
#define IV_RULES_NAMES_MAX 20
const char *iv_rules_names(struct iv_arena *arena, const struct iv_package *const *packages,
                           size_t count);

/* The remedy of a rule about removed packages; behind it "renamed? OLD -> NEW, ..." for those of
 * the difference that probably have a new name. In the arena. */
const char *iv_rules_removed_remedy(const struct iv_rule *rule, const struct iv_delta *delta,
                                    struct iv_arena *arena);

#endif
