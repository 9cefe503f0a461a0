/*
 * rules_page.h: the rule reference as a page of the reports' style, whose anchors are the rules'
 * ids: what `explain --format=html` prints, for --rules-url.
 */
#ifndef IMGVAL_REPORT_SHOW_RULES_PAGE_H
#define IMGVAL_REPORT_SHOW_RULES_PAGE_H

#include "imgval/model/rule.h"

#include <stddef.h>
#include <stdio.h>

/* The rules of some families; `rule`: of this one alone, or NULL. */
void iv_rules_page(const struct iv_rules *families, size_t family_count, const struct iv_rule *rule,
                   FILE *out);

#endif
