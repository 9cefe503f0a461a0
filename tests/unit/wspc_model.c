#include "tests/unit/wspc_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char lower(char c)
{
    static const char from[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char to[] = "abcdefghijklmnopqrstuvwxyz";
    const char *at = c != '\0' ? strchr(from, c) : NULL;
    return at != NULL ? to[at - from] : c;
}

static bool is_equal_folded(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] != '\0' && lower(a[i]) == lower(b[i])) {
        i++;
    }
    return lower(a[i]) == lower(b[i]);
}

/* "Names" below are folded copies. */
static void fold_into(const char *text, char ret_name[MODEL_NAME])
{
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        ret_name[i] = lower(text[i]);
    }
    ret_name[i] = '\0';
}

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name);
    size_t e = strlen(end);
    return n > e && strcmp(name + n - e, end) == 0;
}

static void cut_end(char *name, const char *end)
{
    name[strlen(name) - strlen(end)] = '\0';
}

/* "Its file name without package extensions (doubled ones too ...) and cut at the first ~". */
static void stem_of(char *name)
{
    static const char *const extensions[] = {".spkg", ".spkr", ".spku", ".cab", ".cbsr", ".cbsu"};
    char *tilde = strchr(name, '~');
    if (tilde != NULL) {
        *tilde = '\0';
    }
    bool was_cab = ends_in(name, ".cab");
    for (size_t i = 0; i < 6; i++) {
        if (ends_in(name, extensions[i])) {
            cut_end(name, extensions[i]);
            break;
        }
    }
    if (!was_cab) {
        return;
    }
    /* x.spkg_<40 hex>.cab; the servers say .cbs where files say .cab */
    char *bar = strrchr(name, '_');
    if (bar != NULL && strlen(bar) == 41 && strspn(bar + 1, "0123456789abcdef") == 40) {
        *bar = '\0';
        if (ends_in(name, ".cbs")) {
            cut_end(name, ".cbs");
            return;
        }
    }
    for (size_t i = 0; i < 6; i++) {
        if (ends_in(name, extensions[i])) {
            cut_end(name, extensions[i]);
            break;
        }
    }
}

/* "Removal packages: SPKR, CBS-R", also before a trailing .cab. */
static bool is_removal(const struct model_package *package)
{
    if (package->says_removal || package->file_name == NULL) {
        return package->says_removal;
    }
    char name[MODEL_NAME];
    fold_into(package->file_name, name);
    return ends_in(name, ".spkr") || ends_in(name, ".cbsr") || ends_in(name, ".spkr.cab") ||
           ends_in(name, ".cbsr.cab") || strstr(name, ".spkr_") != NULL;
}

void model_prepare(struct model_submission *submission)
{
    for (size_t i = 0; i < submission->package_count; i++) {
        struct model_package *p = &submission->packages[i];
        fold_into(p->file_name != NULL ? p->file_name : p->manifest_name, p->name);
        if (p->file_name != NULL) {
            stem_of(p->name);
        }
        if (p->language != NULL && !is_equal_folded(p->language, "neutral") &&
            strstr(p->name, "_lang_") == NULL) {
            char language[MODEL_NAME];
            fold_into(p->language, language);
            strcat(strcat(p->name, "_lang_"), language); /* names of the test are short */
        }
    }
}

/* "Entries known only from the history are set members": what lies in the submission, a removal
 * package too, hides them. */
static bool is_hidden(const struct model_submission *submission,
                      const struct model_package *package)
{
    bool hidden = false;
    for (size_t i = 0; i < submission->package_count; i++) {
        const struct model_package *p = &submission->packages[i];
        hidden = hidden || (package->is_from_history && !p->is_from_history &&
                            strcmp(p->name, package->name) == 0);
    }
    return hidden;
}

/* "The packages that are present: removal packages are not." */
static bool is_present(const struct model_submission *submission, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < submission->package_count; i++) {
        const struct model_package *p = &submission->packages[i];
        found =
            found || (strcmp(p->name, name) == 0 && !is_removal(p) && !is_hidden(submission, p));
    }
    return found;
}

/* "Where one key is present twice, the package is a firmware package if any of its copies is one."
 */
static bool is_counted(const struct model_submission *submission, const char *name, bool all_owners)
{
    bool firmware = false;
    for (size_t i = 0; i < submission->package_count; i++) {
        const struct model_package *p = &submission->packages[i];
        bool microsoft = p->owner_type != NULL && is_equal_folded(p->owner_type, "Microsoft");
        firmware = firmware || (strcmp(p->name, name) == 0 && !is_removal(p) &&
                                !is_hidden(submission, p) && (all_owners || !microsoft));
    }
    return firmware;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * "Every firmware package of the smaller side (owner type not Microsoft; unknown counts) is among
 * all present packages of the larger." Writes those that are not.
 */
static bool is_superset(const struct model_submission *larger,
                        const struct model_submission *smaller, bool all_owners, char *ret_missing)
{
    const char *names[MODEL_PACKAGES];
    size_t count = 0;
    for (size_t i = 0; i < smaller->package_count; i++) {
        const char *name = smaller->packages[i].name;
        if (!is_counted(smaller, name, all_owners) || is_present(larger, name)) {
            continue;
        }
        bool known = false;
        for (size_t k = 0; k < count; k++) {
            known = known || strcmp(names[k], name) == 0;
        }
        if (!known) {
            names[count++] = name;
        }
    }
    qsort(names, count, sizeof(names[0]), compare_names);
    ret_missing[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        strcat(strcat(ret_missing, names[i]), " ");
    }
    return count == 0;
}

/* "Sets are equal when their firmware members are." */
static bool has_same_set(const struct model_submission *a, const struct model_submission *b,
                         bool all_owners)
{
    const struct model_submission *const sides[] = {a, b};
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < sides[side]->package_count; i++) {
            const char *name = sides[side]->packages[i].name;
            if (is_counted(a, name, all_owners) != is_counted(b, name, all_owners)) {
                return false;
            }
        }
    }
    return true;
}

/* "Versions compare numerically by part." */
static int compare_versions(const char *a, const char *b)
{
    long x[4] = {0};
    long y[4] = {0};
    sscanf(a, "%ld.%ld.%ld.%ld", &x[0], &x[1], &x[2], &x[3]);
    sscanf(b, "%ld.%ld.%ld.%ld", &y[0], &y[1], &y[2], &y[3]);
    for (int i = 0; i < 4; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

bool model_has_pop(const struct model_submission *submission, const char *const pop[3])
{
    for (size_t i = 0; i < submission->pop_count; i++) {
        if (is_equal_folded(submission->pops[i][0], pop[0]) &&
            is_equal_folded(submission->pops[i][1], pop[1]) &&
            is_equal_folded(submission->pops[i][2], pop[2])) {
            return true;
        }
    }
    return false;
}

static bool is_baseline_of(const struct model_submission *record, const char *const pop[3])
{
    return record->is_baseline && model_has_pop(record, pop);
}

/* "L = the highest version below the submission's, H = the lowest above", "the same version". */
static bool stands_at(const struct model_submission *records, size_t count,
                      const struct model_submission *record, const char *version,
                      const char *const pop[3], enum model_place place)
{
    if (!is_baseline_of(record, pop)) {
        return false;
    }
    int order = compare_versions(record->version, version);
    if (place == MODEL_SAME || order == 0) {
        return place == MODEL_SAME && order == 0;
    }
    if ((place == MODEL_OLDER) != (order < 0)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct model_submission *other = &records[i];
        if (!is_baseline_of(other, pop)) {
            continue;
        }
        int to_record = compare_versions(other->version, record->version);
        int to_version = compare_versions(other->version, version);
        if (place == MODEL_OLDER ? to_record > 0 && to_version < 0
                                 : to_record < 0 && to_version > 0) {
            return false; /* a nearer one */
        }
    }
    return true;
}

/* The one baseline at a place; "several" with different sets are counted instead. "H must contain
 * the submission": where several equal ones are H, the first by id that does not is shown. */
static const struct model_submission *at_place(const struct model_submission *records, size_t count,
                                               const struct model_submission *submission,
                                               const char *const pop[3], enum model_place place,
                                               bool all_owners, size_t *ret_sets)
{
    char scratch[sizeof(((struct model_answer *)0)->missing[0])];
    const struct model_submission *found[16];
    size_t sets = 0;
    const struct model_submission *first = NULL;
    const struct model_submission *failing = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct model_submission *record = &records[i];
        if (!stands_at(records, count, record, submission->version, pop, place)) {
            continue;
        }
        bool known = false;
        for (size_t k = 0; k < sets; k++) {
            known = known || has_same_set(found[k], record, all_owners);
        }
        if (!known) {
            found[sets++] = record;
        }
        if (first == NULL || strcmp(record->id, first->id) < 0) {
            first = record;
        }
        if (place == MODEL_NEWER && (failing == NULL || strcmp(record->id, failing->id) < 0) &&
            !is_superset(record, submission, all_owners, scratch)) {
            failing = record;
        }
    }
    *ret_sets = sets;
    return sets != 1 ? NULL : failing != NULL ? failing : first;
}

void model_judge(const struct model_submission *records, size_t count,
                 const struct model_submission *submission, const char *const pop[3],
                 bool all_owners, struct model_answer *ret_answer)
{
    memset(ret_answer, 0, sizeof(*ret_answer));
    size_t baselines = 0;
    for (size_t i = 0; i < count; i++) {
        baselines += is_baseline_of(&records[i], pop) ? 1 : 0;
    }
    if (baselines == 0) {
        ret_answer->status = "first";
        return;
    }
    const struct model_submission *neighbour[MODEL_PLACES];
    for (int place = 0; place < MODEL_PLACES; place++) {
        size_t sets;
        neighbour[place] =
            at_place(records, count, submission, pop, (enum model_place)place, all_owners, &sets);
        ret_answer->neighbour[place] = neighbour[place] != NULL ? neighbour[place]->id : NULL;
        if (sets > 1 && ret_answer->several == 0) {
            ret_answer->several = sets;
        }
    }
    if (ret_answer->several > 0) {
        ret_answer->status = "not-evaluated";
        return;
    }
    ret_answer->status = "compliant";
    for (int place = 0; place < MODEL_PLACES; place++) {
        const struct model_submission *other = neighbour[place];
        if (other != NULL && !is_superset(place == MODEL_NEWER ? other : submission,
                                          place == MODEL_NEWER ? submission : other, all_owners,
                                          ret_answer->missing[place])) {
            ret_answer->is_broken[place] = true;
            ret_answer->status = "not-compliant";
        }
    }
}

unsigned model_request(const struct model_submission *records, size_t count,
                       const struct model_submission *source, const struct model_submission *target,
                       const char *const pop[3])
{
    char scratch[sizeof(((struct model_answer *)0)->missing[0])];
    unsigned rfu[7] = {0};
    bool target_contains = is_superset(target, source, false, scratch);
    /* "1. target not a baseline: RFU001 (and go on)." */
    if (!is_baseline_of(target, pop)) {
        rfu[1] = 1;
    }
    /* "2. source is a baseline: go to 5." */
    if (!is_baseline_of(source, pop)) {
        bool below_every = true;
        for (size_t i = 0; i < count; i++) {
            if (is_baseline_of(&records[i], pop) &&
                compare_versions(source->version, records[i].version) >= 0) {
                below_every = false;
            }
        }
        struct model_answer today;
        model_judge(records, count, source, pop, false, &today);
        bool compliant =
            strcmp(today.status, "compliant") == 0 || strcmp(today.status, "first") == 0;
        if (below_every) {
            /* "3. source version below every baseline of the POP: target contains its set: allowed,
             * go to 5; else RFU004." */
            rfu[4] = target_contains ? 0 : 1;
        } else if (compliant) {
            /* "4. else: source compliant when judged against today's baselines: RFU002, else
             * RFU004." */
            rfu[2] = 1;
        } else {
            rfu[4] = 1;
        }
    }
    /* "5. target version not greater than source's: RFU003." */
    if (!(compare_versions(target->version, source->version) > 0)) {
        rfu[3] = 1;
    }
    /* "6. both baselines, but the target lacks packages of the source: RFU006." */
    if (is_baseline_of(source, pop) && is_baseline_of(target, pop) && !target_contains) {
        rfu[6] = 1;
    }
    unsigned bits = 0;
    for (unsigned i = 0; i < 7; i++) {
        bits |= rfu[i] << i;
    }
    return bits;
}
