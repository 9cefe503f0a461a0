/* The comparison with baselines and the request for update: the document's examples and a table. */
#include "imgval/base/attr.h"
#include "imgval/model/wspc.h"
#include "tests/unit/unit.h"

/* "a b -c e* m=Microsoft": keys; '-' a removal package, '*' an empty one, "=T" the owner type. */
static struct iv_set set_of(struct iv_arena *arena, const char *text)
{
    struct iv_package *packages = IV_NEW_ARRAY(arena, struct iv_package, strlen(text) + 1);
    size_t count = 0;
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, " ");
        char *word = iv_arena_strndup(arena, at, length);
        struct iv_package *p = &packages[count++];
        p->removal = *word == '-';
        word += p->removal ? 1 : 0;
        char *owner = strchr(word, '=');
        if (owner != NULL) {
            *owner = '\0';
            p->owner_type = owner + 1;
        }
        p->empty = strchr(word, '*') != NULL;
        word[strcspn(word, "*")] = '\0';
        p->key = word;
        at += length;
        at += strspn(at, " ");
    }
    struct iv_set set;
    iv_set_build(packages, count, arena, &set);
    return set;
}

static struct iv_baseline baseline_of(struct iv_arena *arena, const char *id, uint16_t version,
                                      const char *text)
{
    return (struct iv_baseline){
        .id = id, .number = {{version, 0, 0, 0}}, .set = set_of(arena, text), .set_loaded = true};
}

struct base_row {
    const char *id;
    uint16_t version;
    const char *set;
};

struct row {
    const char *what;
    uint16_t version;
    const char *set;
    bool all_owners;
    const char *wanted; /* status, neighbours (id or -), "several", failures "direction id: keys" */
    struct base_row baselines[6];
};

static const struct row rows[] = {
    {"no baseline", 1, "p1", false, "first - - -", {{0}}},
    {"the document's v2", 2, "p1 p2 p3 p4", false, "compliant v1 - -", {{"v1", 1, "p1 p2 p3 p4"}}},
    {"the document's v3",
     3,
     "p1 p2 p3 p4 p5",
     false,
     "compliant v1 - -",
     {{"v1", 1, "p1 p2 p3 p4"}}},
    {"the document's v4",
     4,
     "p1 p2 p3 p5",
     false,
     "not-compliant v1 - -; older v1: p4",
     {{"v1", 1, "p1 p2 p3 p4"}}},
    {"an empty package is present",
     4,
     "p1 p2 p3 p4* p5",
     false,
     "compliant v1 - -",
     {{"v1", 1, "p1 p2 p3 p4"}}},
    {"an empty package of the baseline counts",
     2,
     "p1",
     false,
     "not-compliant v1 - -; older v1: p2",
     {{"v1", 1, "p1 p2*"}}},
    {"a removal package is not present",
     4,
     "p1 -p2",
     false,
     "not-compliant v1 - -; older v1: p2",
     {{"v1", 1, "p1 p2"}}},
    {"a removal package of the baseline is no member",
     4,
     "p1",
     false,
     "compliant v1 - -",
     {{"v1", 1, "p1 -p2"}}},
    {"Microsoft's packages do not count in the smaller set",
     4,
     "p1",
     false,
     "compliant v1 - -",
     {{"v1", 1, "p1 m=MICROSOFT"}}},
    {"... unless asked for",
     4,
     "p1",
     true,
     "not-compliant v1 - -; older v1: m",
     {{"v1", 1, "p1 m=MICROSOFT"}}},
    {"... but do in the larger",
     4,
     "p1 p2=Microsoft",
     false,
     "compliant v1 - -",
     {{"v1", 1, "p1 p2=OEM"}}},
    {"an unknown owner type counts",
     4,
     "p1",
     false,
     "not-compliant v1 - -; older v1: x",
     {{"v1", 1, "p1 x=Nobody"}}},
    {"out of order: between v3 and v5",
     4,
     "a b c",
     false,
     "compliant v3 v5 -",
     {{"v7", 7, "z"}, {"v1", 1, "y"}, {"v5", 5, "a b c d"}, {"v3", 3, "a b"}}},
    {"out of order: v5 lacks what v4 brings",
     4,
     "a b x",
     false,
     "not-compliant v3 v5 -; newer v5: x",
     {{"v5", 5, "a b c d"}, {"v3", 3, "a b"}}},
    {"out of order: both fail",
     4,
     "b x",
     false,
     "not-compliant v3 v5 -; older v3: a; newer v5: x",
     {{"v3", 3, "a b"}, {"v5", 5, "a b"}}},
    {"Microsoft's packages of the submission need not be in the newer",
     4,
     "a m=Microsoft",
     false,
     "compliant - v5 -",
     {{"v5", 5, "a"}}},
    {"below all", 1, "a", false, "compliant - v5 -", {{"v5", 5, "a b"}, {"v6", 6, "c"}}},
    {"same version: it must be contained", 4, "a b", false, "compliant - - v4", {{"v4", 4, "a"}}},
    {"same version: something is missing",
     4,
     "a",
     false,
     "not-compliant - - v4; same v4: b",
     {{"v4", 4, "a b"}}},
    {"all three fail, in order",
     4,
     "x",
     false,
     "not-compliant v3 v5 v4; older v3: a b; newer v5: x; same v4: c",
     {{"v4", 4, "c"}, {"v5", 5, "q"}, {"v3", 3, "b a"}}},
    {"several with different sets",
     4,
     "a b",
     false,
     "not-evaluated - - - several 2",
     {{"v3", 3, "a"}, {"w3", 3, "b"}}},
    {"several, two of them alike",
     4,
     "a b",
     false,
     "not-evaluated - - - several 2",
     {{"v3", 3, "a"}, {"w3", 3, "b"}, {"x3", 3, "a"}}},
    {"several newer; the older is known",
     4,
     "a b",
     false,
     "not-evaluated v3 - - several 3",
     {{"v3", 3, "z"}, {"a5", 5, "a"}, {"b5", 5, "b"}, {"c5", 5, "c"}}},
    {"several of the same version",
     4,
     "a b",
     false,
     "not-evaluated - - - several 2",
     {{"a4", 4, "a"}, {"b4", 4, "b"}}},
    {"several with one set: the first by id",
     4,
     "a",
     false,
     "not-compliant a3 - -; older a3: b",
     {{"b3", 3, "b"}, {"a3", 3, "b"}, {"c3", 3, "b -c"}}},
    {"several far away do not matter",
     9,
     "a",
     false,
     "compliant v8 - -",
     {{"v8", 8, "a"}, {"a3", 3, "b"}, {"b3", 3, "c"}}},
    {"sets that differ by a Microsoft package alone are equal",
     4,
     "a",
     false,
     "compliant a3 - -",
     {{"a3", 3, "a"}, {"b3", 3, "a m=Microsoft"}}},
    {"unless Microsoft's packages count",
     4,
     "a",
     true,
     "not-evaluated - - - several 2",
     {{"a3", 3, "a"}, {"b3", 3, "a m=Microsoft"}}},
    {"equal names, other firmware packages",
     4,
     "a m",
     false,
     "not-evaluated - - - several 2",
     {{"a3", 3, "a m"}, {"b3", 3, "a m=Microsoft"}}},
    {"of equal later sets the one that fails",
     2,
     "a m",
     false,
     "not-compliant - b3 -; newer b3: m",
     {{"a3", 3, "a m=Microsoft"}, {"b3", 3, "a"}}},
};

static const char *describe(struct iv_arena *arena, const struct iv_wspc *w)
{
    const char *text =
        iv_arena_printf(arena, "%s %s %s %s", iv_wspc_status_names[w->status],
                        w->older != NULL ? w->older->id : "-",
                        w->newer != NULL ? w->newer->id : "-", w->same != NULL ? w->same->id : "-");
    if (w->several > 0) {
        text = iv_arena_printf(arena, "%s several %zu", text, w->several);
    }
    for (size_t i = 0; i < w->failure_count; i++) {
        const struct iv_comparison *f = &w->failures[i];
        text = iv_arena_printf(arena, "%s; %s %s:", text, iv_direction_names[f->direction],
                               f->against->id);
        for (size_t k = 0; k < f->missing_count; k++) {
            text = iv_arena_printf(arena, "%s %s", text, f->missing[k]->key);
        }
    }
    return text;
}

static void test_rows(void)
{
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_baseline baselines[IV_COUNT(rows[i].baselines)];
        size_t count = 0;
        while (count < IV_COUNT(baselines) && rows[i].baselines[count].id != NULL) {
            const struct base_row *b = &rows[i].baselines[count];
            baselines[count++] = baseline_of(&arena, b->id, b->version, b->set);
        }
        struct iv_set set = set_of(&arena, rows[i].set);
        struct iv_neighbours neighbours;
        struct iv_wspc wspc;
        iv_wspc_neighbours(baselines, count, (struct iv_version){{rows[i].version, 0, 0, 0}},
                           &arena, &neighbours);
        iv_wspc_judge(&set, baselines, &neighbours, rows[i].all_owners, &arena, &wspc);
        if (!CHECK_STR(describe(&arena, &wspc), rows[i].wanted)) {
            fprintf(stderr, "    row \"%s\"\n", rows[i].what);
        }
    }
}

/* Only neighbours' sets are looked at: the caller loads no other. */
static void test_unloaded(struct iv_arena *arena)
{
    struct iv_baseline baselines[] = {
        {.id = "far", .number = {{1, 0, 0, 0}}},
        baseline_of(arena, "near", 2, "a"),
        {.id = "far2", .number = {{9, 0, 0, 0}}},
        baseline_of(arena, "near2", 4, "a"),
    };
    struct iv_set set = set_of(arena, "a");
    struct iv_neighbours n;
    struct iv_wspc wspc;
    iv_wspc_neighbours(baselines, 4, (struct iv_version){{3, 0, 0, 0}}, arena, &n);
    CHECK(n.older_count == 1 && n.older[0] == 1);
    CHECK(n.newer_count == 1 && n.newer[0] == 3);
    CHECK_INT(n.same_count, 0);
    iv_wspc_judge(&set, baselines, &n, false, arena, &wspc);
    CHECK_STR(describe(arena, &wspc), "compliant near near2 -");
}

/* Where everything stands that is missing somewhere: each key once, of any owner. */
static void test_differences(struct iv_arena *arena)
{
    const struct iv_baseline baselines[] = {
        baseline_of(arena, "v1", 1, "a b c"),
        baseline_of(arena, "v3", 3, "a b d e=Microsoft"),
        baseline_of(arena, "v2", 2, "a c"),
    };
    const struct iv_set set = set_of(arena, "a d e f");
    struct iv_neighbours neighbours;
    struct iv_wspc wspc;
    iv_wspc_neighbours(baselines, 3, (struct iv_version){{2}}, arena, &neighbours);
    iv_wspc_judge(&set, baselines, &neighbours, false, arena, &wspc);
    static const struct iv_wspc_difference wanted[] = {
        {"b", IV_IN_OLDER | IV_IN_NEWER},
        {"c", IV_IN_OLDER | IV_IN_SAME},
        {"f", IV_IN_SUBMISSION},
    };
    if (CHECK_INT(wspc.difference_count, IV_COUNT(wanted))) {
        for (size_t i = 0; i < IV_COUNT(wanted); i++) {
            CHECK_STR(wspc.differences[i].name, wanted[i].name);
            CHECK_INT(wspc.differences[i].in, wanted[i].in);
        }
    }
    iv_wspc_judge_against(&set, &baselines[0], false, arena, &wspc);
    CHECK_INT(wspc.difference_count, 2);
    CHECK_INT(wspc.differences[0].in, IV_IN_OLDER);
    iv_wspc_judge_against(&baselines[0].set, &baselines[0], false, arena, &wspc);
    CHECK_INT(wspc.difference_count, 0);
}

static void test_against(struct iv_arena *arena)
{
    struct iv_baseline older = baseline_of(arena, "any", 9, "a b m=Microsoft");
    struct iv_set set = set_of(arena, "a");
    struct iv_wspc wspc;
    iv_wspc_judge_against(&set, &older, false, arena, &wspc);
    CHECK_STR(describe(arena, &wspc), "not-compliant any - -; older any: b");
    iv_wspc_judge_against(&set, &older, true, arena, &wspc);
    CHECK_STR(describe(arena, &wspc), "not-compliant any - -; older any: b m");
    set = set_of(arena, "a b");
    iv_wspc_judge_against(&set, &older, false, arena, &wspc);
    CHECK_STR(describe(arena, &wspc), "compliant any - -");
}

enum { R1 = 1 << 1, R2 = 1 << 2, R3 = 1 << 3, R4 = 1 << 4, R6 = 1 << 6 };

struct rfu_row {
    const char *what;
    uint16_t source_version;
    const char *source;
    bool source_baseline;
    bool source_compliant;
    uint16_t target_version;
    const char *target;
    bool target_baseline;
    unsigned wanted;
};

/* The baselines of the POP have the versions 3, 5 and 7. */
static const struct rfu_row rfu_rows[] = {
    {"baseline to baseline", 3, "a", true, true, 5, "a b", true, 0},
    {"... packages are lost", 3, "a c", true, true, 5, "a b", true, R6},
    {"... Microsoft's may be", 3, "a c=Microsoft", true, true, 5, "a", true, 0},
    {"... the same version", 3, "a", true, true, 3, "a", true, R3},
    {"... backwards, and lost", 5, "a b", true, true, 3, "a", true, R3 | R6},
    {"target no baseline", 3, "a", true, true, 4, "a", false, R1},
    {"6 only when both are baselines", 3, "a b", true, true, 4, "a", false, R1},
    {"a compliant source that is no baseline", 4, "a", false, true, 5, "a", true, R2},
    {"... its packages are not asked for", 4, "a x", false, true, 5, "a", true, R2},
    {"a source that is not compliant", 4, "a", false, false, 5, "a", true, R4},
    {"... of a baseline's version", 3, "a", false, false, 5, "a", true, R4},
    {"legacy migration", 2, "a", false, false, 5, "a b", true, 0},
    {"... though compliant", 2, "a", false, true, 5, "a b", true, 0},
    {"... packages are lost", 2, "a c", false, true, 5, "a b", true, R4},
    {"... Microsoft's may be", 2, "a m=microsoft", false, false, 5, "a", true, 0},
    {"... to no baseline", 2, "a", false, false, 5, "a", false, R1},
    {"... backwards", 2, "a", false, false, 1, "a", true, R3},
    {"everything that can be wrong at once", 6, "a", false, false, 5, "b", false, R1 | R3 | R4},
    {"source above all", 9, "a", false, true, 5, "a", true, R2 | R3},
};

static void test_requests(void)
{
    static const uint16_t versions[] = {5, 3, 7};
    struct iv_baseline baselines[IV_COUNT(versions)] = {0};
    for (size_t i = 0; i < IV_COUNT(versions); i++) {
        baselines[i].number.part[0] = versions[i];
    }
    for (size_t i = 0; i < IV_COUNT(rfu_rows); i++) {
        const struct rfu_row *row = &rfu_rows[i];
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_rfu_side source = {.version = {{row->source_version, 0, 0, 0}},
                                     .set = set_of(&arena, row->source),
                                     .baseline = row->source_baseline,
                                     .compliant = row->source_compliant};
        struct iv_rfu_side target = {.version = {{row->target_version, 0, 0, 0}},
                                     .set = set_of(&arena, row->target),
                                     .baseline = row->target_baseline};
        if (!CHECK_INT(iv_wspc_request(&source, &target, baselines, IV_COUNT(versions), &arena),
                       row->wanted)) {
            fprintf(stderr, "    row \"%s\"\n", row->what);
        }
    }
}

static void test_names(void)
{
    CHECK_STR(iv_wspc_status_names[IV_WSPC_COMPLIANT], "compliant");
    CHECK_STR(iv_wspc_status_names[IV_WSPC_NOT_COMPLIANT], "not-compliant");
    CHECK_STR(iv_wspc_status_names[IV_WSPC_FIRST], "first");
    CHECK_STR(iv_wspc_status_names[IV_WSPC_NOT_EVALUATED], "not-evaluated");
    CHECK_STR(iv_wspc_status_names[IV_WSPC_NOT_APPLICABLE], "not-applicable");
    CHECK_STR(iv_wspc_status_names[IV_WSPC_SKIPPED], "skipped");
    CHECK_STR(iv_direction_names[IV_OLDER], "older");
    CHECK_STR(iv_direction_names[IV_NEWER], "newer");
    CHECK_STR(iv_direction_names[IV_SAME], "same");
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_rows();
    test_unloaded(&arena);
    test_against(&arena);
    test_differences(&arena);
    test_requests();
    test_names();
    return unit_end();
}
