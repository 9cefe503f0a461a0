/* What several writers ask about an audit: the order of names, the first step that breaks, the
 * name of a package. */
#include "imgval/base/attr.h"
#include "imgval/model/audit.h"
#include "tests/unit/unit.h"

/* Runs of digits are numbers, whatever zeros stand before them; where nothing else differs the
 * zeros decide, so that no two texts are equal. */
static void test_natural_order(void)
{
    CHECK_INT(iv_natural_compare("a", "a"), 0);
    CHECK_INT(iv_natural_compare("v10", "v10"), 0);
    static const struct {
        const char *less;
        const char *more;
    } pairs[] = {
        {"v9", "v10"},
        {"v09", "v10"},
        {"v9", "v010"},
        {"a", "a1"},
        {"", "a"},
        {"", "0"},
        {"a1", "b"},
        {"a1b", "a2"},
        {"1.9", "1.10"},
        {"a9z", "a10a"},
        {"a1b2", "a1b10"},
        {"v01", "v1"},
        {"v1", "v01a"},
        {"v007", "v07"},
        {"v8", "v9"},
        {"9", "\xc3\xa4"},
        {"v1/x", "v1/y"},
        {"v1x", "v01y"},
        {"a0", "a1"},
        {"a00", "a1"},
        {"1234567890123456", "1234567890123457"},
        {"99999999999999999999", "100000000000000000000"},
        {"z", "\xc3\xa4"},
        {"a-1", "a1"},
        {"a1-", "a1a"},
    };
    for (size_t i = 0; i < IV_COUNT(pairs); i++) {
        bool fine = iv_natural_compare(pairs[i].less, pairs[i].more) < 0 &&
                    iv_natural_compare(pairs[i].more, pairs[i].less) > 0;
        if (!CHECK(fine)) {
            fprintf(stderr, "    %s and %s\n", pairs[i].less, pairs[i].more);
        }
    }
}

static void test_steps(void)
{
    struct iv_audit_step steps[] = {{.from = 0, .to = 1}, {.from = 1, .to = 2, .missing = 1}};
    struct iv_audit_variant variant = {.steps = steps, .step_count = 2};
    CHECK(iv_audit_first_break(&variant) == &steps[1]);
    steps[0].missing = 3;
    CHECK(iv_audit_first_break(&variant) == &steps[0]);
    steps[0].missing = steps[1].missing = 0;
    CHECK(iv_audit_first_break(&variant) == NULL);
    /* The first version of the chain, and one outside of it, have no step before them. */
    CHECK(iv_audit_step_to(&variant, &(struct iv_audit_version){.chain = 0}) == NULL);
    CHECK(iv_audit_step_to(&variant, &(struct iv_audit_version){.chain = 1}) == NULL);
    CHECK(iv_audit_step_to(&variant, &(struct iv_audit_version){.chain = 2}) == &steps[0]);
    CHECK(iv_audit_step_to(&variant, &(struct iv_audit_version){.chain = 3}) == &steps[1]);
}

static void test_sources(void)
{
    struct iv_judgement nine = {.verdict = IV_VERDICT_FAIL};
    CHECK(iv_audit_fails(&(struct iv_audit_source){.nine = &nine}));
    nine.verdict = IV_VERDICT_INCOMPLETE;
    CHECK(!iv_audit_fails(&(struct iv_audit_source){.nine = &nine}));
    CHECK(!iv_audit_fails(&(struct iv_audit_source){.nine = NULL}));
}

static void test_package_names(void)
{
    struct iv_audit audit = {0};
    iv_pool_init(&audit.pool, 7);
    const struct iv_package packages[] = {
        {.key = "contoso.a", .name = "Contoso.A", .owner_type = "OEM"},
        {.key = "contoso.b", .owner_type = "OEM"},
    };
    const struct iv_package *items[] = {&packages[0], &packages[1]};
    const struct iv_set set = {.items = items, .count = 2};
    uint32_t number = 0;
    CHECK(iv_pool_add(&audit.pool, &set, &number));
    CHECK_STR(iv_audit_package_name(&audit, audit.pool.sets[number].items[0]), "Contoso.A");
    CHECK_STR(iv_audit_package_name(&audit, audit.pool.sets[number].items[1]), "contoso.b");
    iv_pool_fini(&audit.pool);
}

int main(void)
{
    test_natural_order();
    test_steps();
    test_sources();
    test_package_names();
    return unit_end();
}
