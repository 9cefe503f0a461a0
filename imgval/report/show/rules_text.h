/*
 * rules_text.h: the rules in words, for imgval explain and for the manual page.
 */
#ifndef IMGVAL_REPORT_SHOW_RULES_TEXT_H
#define IMGVAL_REPORT_SHOW_RULES_TEXT_H

#include "imgval/base/buf.h"
#include "imgval/model/rule.h"

#include <stddef.h>

/* A line of the list: id, name, severity, what must hold. */
void iv_rules_line(const struct iv_rule *rule, struct iv_buf *buf);

/* All that is said of one rule. */
void iv_rules_explain(const struct iv_rule *rule, struct iv_buf *buf);

/* The sections RULES and LIMITS of imgval-rules(7), in mdoc. */
void iv_rules_manual(const struct iv_rules *families, size_t family_count, struct iv_buf *buf);

#endif
