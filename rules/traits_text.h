/* traits_text.h: how messages say in what the features and the layout of two submissions differ. */
#ifndef IMGVAL_RULES_TRAITS_TEXT_H
#define IMGVAL_RULES_TRAITS_TEXT_H

#include "imgval/base/arena.h"
#include "imgval/model/traits.h"

/* One clause; NULL: they do not differ, or one of them is not known. */
const char *iv_rules_features_change(struct iv_arena *arena, const struct iv_traits *before,
                                     const struct iv_traits *now);
const char *iv_rules_layout_change(struct iv_arena *arena, const struct iv_traits *before,
                                   const struct iv_traits *now);

#endif
