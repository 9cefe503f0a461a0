/*
 * On random histories the comparison and the request for update answer as the naive model of
 * wspc_model.c does. The numbers printed at the end say how often each answer was given.
 *
 *   test_wspc_property [HISTORIES [SEED]]
 */
#include "imgval/base/attr.h"
#include "imgval/model/wspc.h"
#include "tests/unit/unit.h"
#include "tests/unit/wspc_model.h"

#include <inttypes.h>
#include <stdlib.h>

enum { RECORDS = 8, NAMES = 10, VARIANTS = 3 };

struct random {
    uint64_t state; /* xorshift64* */
};

static size_t below(struct random *r, size_t bound)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return (size_t)((r->state * UINT64_C(2685821657736338717)) >> 33) % bound;
}

static bool in_100(struct random *r, size_t times)
{
    return below(r, 100) < times;
}

/* In numeric order; spelled and repeated in several ways. */
static const char *const versions[][3] = {
    {"0.0.0.0", "00.0.0.0", "0.0.0.0"},
    {"1.0.0.2", "1.0.0.2", "01.0.0.2"},
    {"1.0.0.10", "1.0.0.10", "1.0.0.010"},
    {"1.0.3.0", "1.0.3.0", "1.000.3.0"},
    {"1.2.0.65535", "01.02.0.65535", "1.2.0.65535"},
    {"2.0.0.0", "2.0.0.0", "0002.0.0.0"},
    {"10.0.0.0", "10.0.0.0", "10.0.0.0"},
};

static const char *const variants[VARIANTS][2][3] = {
    {{"Contoso", "000-88", "CT-100"}, {"CONTOSO", "000-88", "ct-100"}},
    {{"Contoso", "ATT-US", "CT-100"}, {"contoso", "att-us", "CT-100"}},
    {{"Contoso", "000-88", "CT-100a"}, {"Contoso", "000-88", "CT-100A"}},
};

/* The same submission for both sides. */
struct twin {
    struct model_submission model;
    struct iv_package packages[MODEL_PACKAGES];
    struct iv_set set;
    struct iv_version number;
};

struct history {
    struct iv_arena arena;
    struct random random;
    size_t noise; /* in a hundred: how often a package comes or goes against the trend */
    struct twin records[RECORDS];
    struct model_submission models[RECORDS]; /* the records' models, in a row */
    size_t count;
    struct twin submission;
};

struct tally {
    size_t judged;
    size_t status[IV_WSPC_SKIPPED + 1];
    size_t broken[3];
    size_t neighbours[3];
    size_t several;
    size_t requests;
    size_t allowed;
    size_t rfu[7];
    size_t packages;
    size_t twins, removals, microsoft, empty, unreadable, bare, languages, entries, mixed;
};

static char *random_case(struct history *h, const char *text)
{
    char *copy = iv_arena_strdup(&h->arena, text);
    bool change = in_100(&h->random, 30);
    for (char *p = copy; change && *p != '\0'; p++) {
        if (*p >= 'a' && *p <= 'z' && in_100(&h->random, 50)) {
            *p = (char)(*p - 'a' + 'A');
        }
    }
    return copy;
}

static const char *random_owner_type(struct history *h)
{
    static const char *const types[] = {
        "OEM",
        "OEM",
        "OEM",
        "OEM",
        "SiliconVendor",
        "MobileOperator",
        "Microsoft",
        "MICROSOFT",
        "microsoft",
        "Microsoft Corporation",
        "Unheard-of",
        "",
        NULL,
    };
    return types[below(&h->random, IV_COUNT(types))];
}

/* A package file with the name; sets what follows from the extension. */
static void make_file(struct history *h, struct model_package *m, struct iv_package *p,
                      const char *name)
{
    static const char *const spkg[] = {
        ".spkg",
        ".spkg",
        ".SPKG",
        ".spkg.cab",
        ".spkg_0123456789abcdef0123456789ABCDEF01234567.cab",
    };
    static const char *const cbs[] = {
        ".cab",
        ".Cab",
        "~31bf3856ad364e35~ARM64~~.cab",
        "~628844477771337a~arm~~1.0.0.0.cab",
        ".cab.cab",
        ".CBS_0123456789abcdef0123456789ABCDEF01234567.cab",
    };
    static const char *const removal[] = {
        ".spkr",
        ".cbsr",
        ".spkr.cab",
        ".CBSR",
        "~31bf3856ad364e35~ARM64~~.cbsr",
        ".spkr_0123456789abcdef0123456789abcdef01234567.cab",
    };
    struct random *r = &h->random;
    const char *end;
    if (in_100(r, 6)) {
        end = removal[below(r, IV_COUNT(removal))];
    } else if (in_100(r, 50)) {
        end = spkg[below(r, IV_COUNT(spkg))];
        p->style = IV_STYLE_SPKG;
    } else {
        end = cbs[below(r, IV_COUNT(cbs))];
        p->style = IV_STYLE_CBS;
    }
    m->file_name = iv_arena_printf(&h->arena, "%s%s", random_case(h, name), end);
    m->says_removal = in_100(r, 4);
    p->container = IV_CONTAINER_CABINET;
    p->removal = m->says_removal || iv_package_is_removal_name(m->file_name);
    if (in_100(r, 5)) {
        p->unreadable = true;
        p->style = IV_STYLE_UNKNOWN;
        p->removal = iv_package_is_removal_name(m->file_name);
        m->says_removal = false;
        m->owner_type = NULL;
    }
}

/* A bare or installed manifest: Contoso.<rest> as DSM or as mum. */
static void make_manifest(struct history *h, struct model_package *m, struct iv_package *p,
                          const char *name)
{
    struct random *r = &h->random;
    m->manifest_name = random_case(h, name);
    m->says_removal = in_100(r, 8);
    p->removal = m->says_removal;
    p->container = in_100(r, 50) ? IV_CONTAINER_FOLDER : IV_CONTAINER_INSTALLED;
    if (in_100(r, 50)) {
        const char *dot = strchr(m->manifest_name, '.');
        p->style = IV_STYLE_SPKG;
        p->owner = iv_arena_strndup(&h->arena, m->manifest_name, (size_t)(dot - m->manifest_name));
        p->component = dot + 1;
    } else {
        p->style = IV_STYLE_CBS;
        p->identifier = in_100(r, 30) ? m->manifest_name : "KB777778";
        p->identity_name = m->manifest_name;
    }
}

/* What a phone's history says of the package: whatever the file was called, and also of SPKGs. */
static void make_entry(struct history *h, struct model_package *m, struct iv_package *p,
                       const char *name)
{
    struct random *r = &h->random;
    const char *dot;
    m->manifest_name = random_case(h, name);
    m->is_from_history = true;
    dot = strchr(m->manifest_name, '.');
    p->container = IV_CONTAINER_HISTORY;
    p->origin = IV_ORIGIN_HISTORY;
    p->style = in_100(r, 50) ? IV_STYLE_CBS : IV_STYLE_SPKG;
    p->owner = iv_arena_strndup(&h->arena, m->manifest_name, (size_t)(dot - m->manifest_name));
    p->component = dot + 1;
    if (p->style == IV_STYLE_CBS) {
        p->identity_name = in_100(r, 50) ? m->manifest_name : NULL;
    }
}

/* The places at which phones stage packages; none is that of a name. */
static const char *random_staging(struct history *h)
{
    static const char *const files[] = {
        "\\\\?\\U:\\SharedData\\DuShared\\PackagesToInstall\\138.cab",
        "\\\\?\\C:\\R\\MainOS\\Windows\\Other~1~arm~~1.0.0.0\\update.mum",
        "\\\\?\\e:\\out\\contoso.other.spkg",
        "C:\\Windows\\Servicing\\Packages\\Other~1~arm~~1.0.0.0.mum",
        "",
    };
    return files[below(&h->random, IV_COUNT(files))];
}

static void add_package(struct history *h, struct twin *t, size_t number, struct tally *tally)
{
    struct random *r = &h->random;
    struct model_package *m = &t->model.packages[t->model.package_count];
    struct iv_package *p = &t->packages[t->model.package_count++];
    const char *name = iv_arena_printf(&h->arena, "Contoso.Pkg%zu", number);
    m->owner_type = random_owner_type(h);
    if (in_100(r, 70)) {
        make_file(h, m, p, name);
    } else if (in_100(r, 60)) {
        make_manifest(h, m, p, name);
        tally->bare++;
    } else {
        make_entry(h, m, p, name);
        tally->entries++;
    }
    if (p->style == IV_STYLE_CBS && number % 3 == 0) {
        m->language = in_100(r, 50) ? "neutral" : "de-DE";
        p->culture = m->language;
        tally->languages++;
    }
    p->owner_type = m->owner_type;
    p->empty = in_100(r, 10);
    p->path = iv_arena_printf(&h->arena, "%02zu/%zu", below(r, 100), t->model.package_count);
    m->path = p->path;
    iv_package_set_key(&h->arena, p,
                       m->file_name != NULL ? m->file_name
                       : m->is_from_history ? random_staging(h)
                                            : "folder/update.mum");
    tally->packages++;
    tally->removals += p->removal ? 1 : 0;
    tally->microsoft += iv_package_is_microsoft(p) ? 1 : 0;
    tally->empty += p->empty ? 1 : 0;
    tally->unreadable += p->unreadable ? 1 : 0;
}

/* Sets grow with the version; noise works against that. */
static void make_submission(struct history *h, struct twin *t, const char *id, struct tally *tally)
{
    struct random *r = &h->random;
    size_t rank = below(r, IV_COUNT(versions));
    t->model.id = id;
    t->model.version = versions[rank][below(r, 3)];
    CHECK(iv_version_parse(t->model.version, &t->number));
    for (size_t i = 0; i < VARIANTS; i++) {
        if (in_100(r, 50)) {
            memcpy(t->model.pops[t->model.pop_count++], variants[i][below(r, 2)],
                   sizeof(variants[0][0]));
        }
    }
    for (size_t i = 0; i < NAMES; i++) {
        if ((i <= 3 + rank) != in_100(r, h->noise)) {
            add_package(h, t, i, tally);
            if (in_100(r, 15)) {
                const struct iv_package *last = &t->packages[t->model.package_count - 1];
                add_package(h, t, i, tally);
                tally->twins++;
                tally->mixed += iv_package_is_microsoft(last) != iv_package_is_microsoft(last + 1);
            }
        }
    }
    model_prepare(&t->model);
    iv_set_build(t->packages, t->model.package_count, &h->arena, &t->set);
}

static void make_history(struct history *h, struct tally *tally)
{
    static const size_t noises[] = {0, 0, 1, 5, 30};
    h->noise = noises[below(&h->random, IV_COUNT(noises))];
    h->count = below(&h->random, RECORDS + 1);
    for (size_t i = 0; i < h->count; i++) {
        /* Ids are in no order. */
        const char *id = iv_arena_printf(&h->arena, "%02zu-%zu", below(&h->random, 100), i);
        make_submission(h, &h->records[i], id, tally);
        h->records[i].model.is_baseline = in_100(&h->random, 70);
        h->models[i] = h->records[i].model;
    }
    make_submission(h, &h->submission, "new", tally);
}

/* The baselines of the POP, as the store hands them over. */
static size_t baselines_of(struct history *h, const char *const pop[3], struct iv_baseline *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < h->count; i++) {
        const struct twin *t = &h->records[i];
        if (t->model.is_baseline && model_has_pop(&t->model, pop)) {
            ret[count++] = (struct iv_baseline){.id = t->model.id, .number = t->number};
        }
    }
    return count;
}

static void load(struct history *h, struct iv_baseline *baselines, const size_t *indexes,
                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct iv_baseline *b = &baselines[indexes[i]];
        for (size_t k = 0; k < h->count; k++) {
            if (strcmp(h->records[k].model.id, b->id) == 0) {
                b->set = h->records[k].set;
                b->set_loaded = true;
            }
        }
    }
}

static void judge(struct history *h, const struct twin *t, const char *const pop[3],
                  bool all_owners, struct iv_wspc *ret_wspc)
{
    struct iv_baseline *baselines = IV_NEW_ARRAY(&h->arena, struct iv_baseline, RECORDS);
    size_t count = baselines_of(h, pop, baselines);
    struct iv_neighbours n;
    iv_wspc_neighbours(baselines, count, t->number, &h->arena, &n);
    load(h, baselines, n.older, n.older_count);
    load(h, baselines, n.newer, n.newer_count);
    load(h, baselines, n.same, n.same_count);
    iv_wspc_judge(&t->set, baselines, &n, all_owners, &h->arena, ret_wspc);
}

static bool is_same_answer(const struct iv_wspc *w, const struct model_answer *m)
{
    const struct iv_baseline *const neighbours[] = {w->older, w->newer, w->same};
    bool same = CHECK_STR(iv_wspc_status_names[w->status], m->status);
    same &= CHECK_INT(w->several, m->several);
    size_t at = 0;
    for (int place = 0; place < MODEL_PLACES; place++) {
        const struct iv_baseline *b = neighbours[place];
        same &= CHECK_STR(b != NULL ? b->id : NULL, m->neighbour[place]);
        if (!m->is_broken[place]) {
            continue;
        }
        if (!CHECK(at < w->failure_count)) {
            return false;
        }
        const struct iv_comparison *f = &w->failures[at++];
        char missing[sizeof(m->missing[0])] = "";
        for (size_t i = 0; i < f->missing_count; i++) {
            strcat(strcat(missing, f->missing[i]->key), " ");
        }
        same &= CHECK_INT(f->direction, place);
        same &= CHECK(f->against == b);
        same &= CHECK_STR(missing, m->missing[place]);
    }
    return CHECK_INT(w->failure_count, at) && same;
}

static bool check_variants(struct history *h, struct tally *tally)
{
    bool same = true;
    const struct model_submission *model = &h->submission.model;
    for (size_t i = 0; i < model->pop_count && same; i++) {
        bool all_owners = in_100(&h->random, 30);
        struct iv_wspc wspc;
        struct model_answer answer;
        judge(h, &h->submission, model->pops[i], all_owners, &wspc);
        model_judge(h->models, h->count, model, model->pops[i], all_owners, &answer);
        same = is_same_answer(&wspc, &answer);
        tally->judged++;
        tally->status[wspc.status]++;
        tally->several += wspc.several > 0 ? 1 : 0;
        tally->neighbours[IV_OLDER] += wspc.older != NULL ? 1 : 0;
        tally->neighbours[IV_NEWER] += wspc.newer != NULL ? 1 : 0;
        tally->neighbours[IV_SAME] += wspc.same != NULL ? 1 : 0;
        for (size_t k = 0; k < wspc.failure_count; k++) {
            tally->broken[wspc.failures[k].direction]++;
        }
    }
    return same;
}

static struct iv_rfu_side side_of(struct history *h, const struct twin *t, const char *const pop[3])
{
    struct iv_wspc today;
    judge(h, t, pop, false, &today);
    return (struct iv_rfu_side){
        .version = t->number,
        .set = t->set,
        .baseline = t->model.is_baseline && model_has_pop(&t->model, pop),
        .compliant = today.status == IV_WSPC_COMPLIANT || today.status == IV_WSPC_FIRST,
    };
}

/* Any record or the new submission to any other, for the POPs that both have. */
static bool check_requests(struct history *h, struct tally *tally)
{
    size_t s = below(&h->random, h->count + 1);
    size_t d = below(&h->random, h->count + 1);
    const struct twin *source = s < h->count ? &h->records[s] : &h->submission;
    const struct twin *target = d < h->count ? &h->records[d] : &h->submission;
    bool same = true;
    for (size_t i = 0; i < source->model.pop_count && same; i++) {
        const char *const *pop = source->model.pops[i];
        if (!model_has_pop(&target->model, pop)) {
            continue;
        }
        struct iv_baseline baselines[RECORDS];
        size_t count = baselines_of(h, pop, baselines);
        struct iv_rfu_side from = side_of(h, source, pop);
        struct iv_rfu_side to = side_of(h, target, pop);
        unsigned broken = iv_wspc_request(&from, &to, baselines, count, &h->arena);
        same = CHECK_INT(broken,
                         model_request(h->models, h->count, &source->model, &target->model, pop));
        tally->requests++;
        tally->allowed += broken == 0 ? 1 : 0;
        for (unsigned bit = 0; bit < IV_COUNT(tally->rfu); bit++) {
            tally->rfu[bit] += (broken >> bit) & 1U;
        }
    }
    return same;
}

static void print(const struct tally *t, size_t histories, uint64_t seed)
{
    printf("seed %" PRIu64 ": %zu histories, %zu packages (%zu twins, %zu removal, %zu Microsoft, "
           "%zu empty, %zu unreadable, %zu bare manifests, %zu with a language, %zu entries of "
           "histories, %zu twins of which Microsoft owns one)\n",
           seed, histories, t->packages, t->twins, t->removals, t->microsoft, t->empty,
           t->unreadable, t->bare, t->languages, t->entries, t->mixed);
    printf("%zu variants judged:", t->judged);
    for (size_t i = IV_WSPC_COMPLIANT; i <= IV_WSPC_NOT_EVALUATED; i++) {
        printf(" %s %zu", iv_wspc_status_names[i], t->status[i]);
    }
    printf("; several %zu", t->several);
    for (size_t i = 0; i < 3; i++) {
        printf("; %s %zu, of these failed %zu", iv_direction_names[i], t->neighbours[i],
               t->broken[i]);
    }
    printf("\n%zu requests: allowed %zu, RFU001 %zu, RFU002 %zu, RFU003 %zu, RFU004 %zu, "
           "RFU006 %zu\n",
           t->requests, t->allowed, t->rfu[1], t->rfu[2], t->rfu[3], t->rfu[4], t->rfu[6]);
}

static void check_not_vacuous(const struct tally *t)
{
    for (size_t i = IV_WSPC_COMPLIANT; i <= IV_WSPC_NOT_EVALUATED; i++) {
        CHECK(t->status[i] >= 100);
    }
    for (size_t i = 0; i < 3; i++) {
        CHECK(t->broken[i] >= 100);
    }
    CHECK(t->several >= 100);
    CHECK(t->allowed >= 100);
    CHECK(t->rfu[1] >= 100);
    CHECK(t->rfu[2] >= 100);
    CHECK(t->rfu[3] >= 100);
    CHECK(t->rfu[4] >= 100);
    CHECK(t->rfu[6] >= 100);
    CHECK(t->twins >= 100 && t->removals >= 100 && t->microsoft >= 100 && t->empty >= 100);
    CHECK(t->unreadable >= 100 && t->bare >= 100 && t->languages >= 100);
    CHECK(t->entries >= 100 && t->mixed >= 100);
}

int main(int argc, char **argv)
{
    size_t histories = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 100000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20171102;
    struct tally tally = {0};
    struct history *h = malloc(sizeof(*h));
    if (!CHECK(h != NULL) || h == NULL) {
        return unit_end();
    }
    for (size_t i = 0; i < histories; i++) {
        memset(h, 0, sizeof(*h));
        h->random.state = (seed + i) * UINT64_C(0x9e3779b97f4a7c15) | 1;
        make_history(h, &tally);
        bool same = check_variants(h, &tally);
        same = check_requests(h, &tally) && same;
        iv_arena_fini(&h->arena);
        if (!same) {
            fprintf(stderr, "    history %zu: run with 1 %" PRIu64 "\n", i, seed + (uint64_t)i);
            break;
        }
    }
    free(h);
    print(&tally, histories, seed);
    if (histories >= 100000) {
        check_not_vacuous(&tally);
    }
    return unit_end();
}
