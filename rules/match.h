/* match.h: the rule of a message that somebody pasted. */
#ifndef IMGVAL_RULES_MATCH_H
#define IMGVAL_RULES_MATCH_H

#include "imgval/model/rule.h"

/*
 * By a message as a person pasted it: holes {0} {1} match anything, runs of blanks match each
 * other, case is folded, and a leading or trailing clip is fine as long as at least 24 characters
 * of the message's own words remain. NULL when no row, or more than one row equally well, matches.
 */
const struct iv_rule *iv_rules_find_message(const char *message);

#endif
