/*
 * rules.h: the list of rule families, in report order, and how to find a rule. iv_rules_NAME is one
 * const table, at the end of rules_NAME.c; a row of it has the rule's words, and the check that it
 * names stands above it in the same file. Adding a rule is one row there.
 */
#ifndef IMGVAL_RULES_RULES_H
#define IMGVAL_RULES_RULES_H

#include "imgval/model/rule.h"

#include <stdbool.h>
#include <stddef.h>

#define IV_RULE_FAMILIES 10

extern const struct iv_rules iv_rules_standard;  /* STD001..STD009 */
extern const struct iv_rules iv_rules_wspc;      /* WSPC001..WSPC016 */
extern const struct iv_rules iv_rules_rfu;       /* RFU001..RFU006 */
extern const struct iv_rules iv_rules_image;     /* IMG001..IMG011 */
extern const struct iv_rules iv_rules_ffu;       /* IMG101..IMG205 */
extern const struct iv_rules iv_rules_metadata;  /* IMG012, IMG013, IMG301..IMG306: rules_image.c */
extern const struct iv_rules iv_rules_advice;    /* ADV... */
extern const struct iv_rules iv_rules_signature; /* SIG... */
extern const struct iv_rules iv_rules_service;   /* SVC001..SVC029 */
extern const struct iv_rules iv_rules_policy;    /* POL001..POL003 */

/* All of them, in report order. */
void iv_rules_all(struct iv_rules ret_families[IV_RULE_FAMILIES]);

/* By id or name (folded); NULL when there is none. */
const struct iv_rule *iv_rules_find(const char *id_or_name);

#endif
