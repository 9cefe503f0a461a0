/*
 * policy_show.h: what imgval policy show prints: the settings in force, and where each came from.
 */
#ifndef IMGVAL_REPORT_SHOW_POLICY_SHOW_H
#define IMGVAL_REPORT_SHOW_POLICY_SHOW_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/model/policy.h"

#include <stdbool.h>

struct iv_policy_view {
    const struct iv_policy *policy; /* NULL: there is none */
    const char *path;               /* of its file; NULL */
    int date;                       /* the day that waivers are judged by */
    const struct iv_rules *families;
    size_t family_count;
    struct iv_arena *arena; /* for texts in the making */
    bool ascii;
};

void iv_policy_text(const struct iv_policy_view *show, struct iv_buf *buf);
void iv_policy_json(const struct iv_policy_view *show, struct iv_buf *buf);

#endif
