/*
 * All families in the order of reports, and a rule by its id or name. Adding a family is one line
 * here and one in the header.
 *
 * The tables are linked in and not registered: what is judged, and in which order, can be read
 * here.
 */
#include "rules/rules.h"

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/model/delta.h"

#include <string.h>

void iv_rules_all(struct iv_rules ret_families[IV_RULE_FAMILIES])
{
    ret_families[0] = iv_rules_standard;
    ret_families[1] = iv_rules_wspc;
    ret_families[2] = iv_rules_rfu;
    ret_families[3] = iv_rules_image;
    ret_families[4] = iv_rules_ffu;
    ret_families[5] = iv_rules_metadata;
    ret_families[6] = iv_rules_advice;
    ret_families[7] = iv_rules_signature;
    ret_families[8] = iv_rules_service;
    ret_families[9] = iv_rules_policy;
}

const struct iv_rule *iv_rules_find(const char *id_or_name)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    for (size_t i = 0; i < IV_RULE_FAMILIES; i++) {
        for (size_t k = 0; k < families[i].count; k++) {
            const struct iv_rule *rule = &families[i].rows[k];
            if (iv_ascii_ieq(rule->id, id_or_name) || iv_ascii_ieq(rule->name, id_or_name)) {
                return rule;
            }
        }
    }
    return NULL;
}
