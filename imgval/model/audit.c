/*
 * Questions about an audit that several writers ask. Deltas are computed when they are printed, not
 * kept: a history of thousands of versions has as many.
 */
#include "imgval/model/audit.h"

#include <string.h>

/* Versions of several variants may share a source: one submission with several operators or
 * models. */
static const struct iv_audit_source *source_of(const struct iv_audit_variant *variant,
                                               uint32_t version)
{
    return variant->versions[version].source;
}

/* Only what differs is made into packages again; what is equal has one number on both sides and is
 * counted. */
void iv_audit_step_delta(const struct iv_audit *audit, const struct iv_audit_variant *variant,
                         const struct iv_audit_step *step, struct iv_arena *arena,
                         struct iv_delta *ret_delta)
{
    struct iv_set before;
    struct iv_set after;
    size_t same = iv_pool_differ(&audit->pool, source_of(variant, step->from)->set,
                                 source_of(variant, step->to)->set, arena, &before, &after);
    iv_delta_build(&before, &after, arena, ret_delta);
    ret_delta->same += same;
}

size_t iv_audit_step_missing(const struct iv_audit *audit, const struct iv_audit_variant *variant,
                             const struct iv_audit_step *step, struct iv_arena *arena,
                             uint32_t **ret_missing)
{
    return iv_pool_missing(&audit->pool, source_of(variant, step->to)->set,
                           source_of(variant, step->from)->set, audit->all_owners, arena,
                           ret_missing);
}

/* Places in the chain count from 1, and the first has no step before it. */
const struct iv_audit_step *iv_audit_step_to(const struct iv_audit_variant *variant,
                                             const struct iv_audit_version *version)
{
    return version->chain < 2 ? NULL : &variant->steps[version->chain - 2];
}

bool iv_audit_fails(const struct iv_audit_source *source)
{
    return source->nine != NULL && source->nine->verdict == IV_VERDICT_FAIL;
}

const char *iv_audit_package_name(const struct iv_audit *audit, uint32_t package)
{
    const struct iv_pool_package *state = &audit->pool.packages[package];
    return state->name != 0 ? audit->pool.texts[state->name - 1] : audit->pool.texts[state->key];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Two runs of digits, leading zeros aside; moves past them. */
static int compare_runs(const char **a, const char **b)
{
    while (**a == '0') {
        ++*a;
    }
    while (**b == '0') {
        ++*b;
    }
    size_t a_size = strspn(*a, "0123456789");
    size_t b_size = strspn(*b, "0123456789");
    int order = a_size != b_size ? (a_size < b_size ? -1 : 1) : strncmp(*a, *b, a_size);
    *a += a_size;
    *b += b_size;
    return order;
}

/* Runs of digits compare as numbers: v9 before v10. Texts that differ in zeros alone compare as
 * bytes. */
int iv_natural_compare(const char *a, const char *b)
{
    const char *x = a;
    const char *y = b;
    while (*x != '\0' && *y != '\0') {
        if (is_digit(*x) && is_digit(*y)) {
            int order = compare_runs(&x, &y);
            if (order != 0) {
                return order;
            }
        } else if (*x != *y) {
            return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
        } else {
            x++;
            y++;
        }
    }
    return *x == *y ? strcmp(a, b) : *x == '\0' ? -1 : 1;
}

/* The oldest step that loses a package: devices that are older than that cannot come past it. */
const struct iv_audit_step *iv_audit_first_break(const struct iv_audit_variant *variant)
{
    for (size_t i = 0; i < variant->step_count; i++) {
        if (variant->steps[i].missing > 0) {
            return &variant->steps[i];
        }
    }
    return NULL;
}
