/*
 * Advice (ADV...): nothing here blocks a submission by itself, but each has cost somebody an
 * update. Most of it is what Microsoft's documents say about updates beyond the nine validations
 * (devices install a package only when its version is higher), some of it is what only a
 * comparison with an older baseline shows.
 *
 * Three kinds of comparison meet here, with one row for all of them where the fact is the same: a
 * submission with the older baselines of its variants; two versions next to each other in a diff or
 * an audit (`c->change`, `c->step`); the two sides of a request for update (`c->request`). A check
 * asks in that order for what its case holds.
 *
 * Rules that look at the older baselines judge the whole submission at once, so that variants which
 * share a baseline say a thing once. Without an older baseline they are not applicable.
 */
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/delta.h"
#include "imgval/model/request.h"
#include "imgval/model/step.h"
#include "rules/rules.h"
#include "rules/wording.h"

#include <stdlib.h>
#include <string.h>

#define WITH_WSPC (IV_APPLIES_IMAGE | IV_APPLIES_CONTEXTUAL)

/* ADV003: the set grows beyond reason when both are reached. A policy may set other bounds. */
static const struct iv_growth default_growth = IV_GROWTH_DEFAULT;

/* Whether a package belongs to the compared sets: what Microsoft owns does not, unless the user
 * asks for all owners. */
static bool is_compared(const struct iv_case *c, const struct iv_package *package)
{
    return c->run->all_owners || !iv_package_is_microsoft(package);
}

/* ---- older baselines ----------------------------------------------------------------------- */

/* By id. Variants may share one baseline in the store, which is loaded once for each of them, so
 * pointers differ where the baseline is the same. Without an id (--against a path) there is only
 * one. */
static int baseline_order(const void *left, const void *right)
{
    const struct iv_baseline *a = *(const struct iv_baseline *const *)left;
    const struct iv_baseline *b = *(const struct iv_baseline *const *)right;
    if (a == b) {
        return 0;
    }
    return strcmp(a->id != NULL ? a->id : "", b->id != NULL ? b->id : "");
}

/* Sorts baselines by id and keeps each once; returns their number. */
static size_t once_each(const struct iv_baseline **all, size_t found)
{
    iv_sort(all, found, sizeof(*all), baseline_order);
    size_t count = 0;
    for (size_t i = 0; i < found; i++) {
        if (count == 0 || baseline_order(&all[count - 1], &all[i]) != 0) {
            all[count++] = all[i];
        }
    }
    return count;
}

/* The older baselines of all variants, each once. Those whose packages were not loaded (the
 * comparison was not made) are left out: nothing can be said about them. */
static size_t older_baselines(const struct iv_submission *s, struct iv_arena *arena,
                              const struct iv_baseline ***ret_baselines)
{
    const struct iv_baseline **all =
        IV_NEW_ARRAY(arena, const struct iv_baseline *, s->variant_count + 1);
    size_t found = 0;
    for (size_t i = 0; i < s->variant_count; i++) {
        const struct iv_baseline *older = s->variants[i].wspc.older;
        if (older != NULL && older->set_loaded) {
            all[found++] = older;
        }
    }
    *ret_baselines = all;
    return once_each(all, found);
}

/* A package of the submission and the same one in an older baseline: true when it was reported. */
typedef bool pair_fn(const struct iv_package *now, const struct iv_package *before,
                     const struct iv_baseline *baseline, struct iv_verdict *verdict);

/* Calls `judge` for each package of the compared set that an older baseline has too, where both say
 * their version. Packages that are only known from the history are not the submitter's to change,
 * and what cannot be read has no version. Not applicable without an older baseline. */
static enum iv_outcome for_each_pair(const struct iv_case *c, struct iv_verdict *verdict,
                                     pair_fn *judge)
{
    const struct iv_submission *s = c->submission;
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const struct iv_baseline **baselines;
    size_t count = older_baselines(s, &scratch, &baselines);
    enum iv_outcome outcome = count == 0 ? IV_NOT_APPLICABLE : IV_PASSED;
    for (size_t b = 0; b < count; b++) {
        for (size_t i = 0; i < s->set.count; i++) {
            const struct iv_package *now = s->set.items[i];
            if (now->origin != IV_ORIGIN_SUBMISSION || now->unreadable || !is_compared(c, now)) {
                continue;
            }
            const struct iv_package *before = iv_set_find(&baselines[b]->set, now->key);
            if (before != NULL && before->version != NULL && now->version != NULL &&
                judge(now, before, baselines[b], verdict)) {
                outcome = IV_FAILED;
            }
        }
    }
    return outcome;
}

/* One version with two contents: devices that have the first do not install the second. */
static bool judge_content(const struct iv_package *now, const struct iv_package *before,
                          const struct iv_baseline *baseline, struct iv_verdict *verdict)
{
    if (iv_version_compare(now->number, before->number) != 0 ||
        !iv_package_content_differs(now, before)) {
        return false;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict,
                                     "%s has the version %s as in the baseline %s, but other files",
                                     iv_package_shown_name(now), now->version,
                                     iv_rules_baseline_name(iv_verdict_arena(verdict), baseline)),
        .path = now->path,
        .package_name = now->name,
        .key = now->key,
        .field = "version",
        .actual = now->version,
        .expected = iv_verdict_printf(verdict, "a version above %s", before->version),
    };
    iv_verdict_fail(verdict, &evidence);
    return true;
}

/* A version that went back: devices keep the newer one. */
static bool judge_version(const struct iv_package *now, const struct iv_package *before,
                          const struct iv_baseline *baseline, struct iv_verdict *verdict)
{
    if (iv_version_compare(now->number, before->number) >= 0) {
        return false;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict,
                                     "%s has the version %s, which is lower than %s in the "
                                     "baseline %s",
                                     iv_package_shown_name(now), now->version, before->version,
                                     iv_rules_baseline_name(iv_verdict_arena(verdict), baseline)),
        .path = now->path,
        .package_name = now->name,
        .key = now->key,
        .field = "version",
        .actual = now->version,
        .expected = iv_verdict_printf(verdict, "at least %s", before->version),
    };
    iv_verdict_fail(verdict, &evidence);
    return true;
}

/* ---- two versions of a diff or an audit ---------------------------------------------------- */

/* A version for a message: in a diff, what a list of names or a damaged package does not say. */
static const char *known(const char *version)
{
    return version == NULL ? "(not known)" : version;
}

/* A finding about the version of the change in hand. */
static enum iv_outcome fail_change(const struct iv_case *c, const char *message,
                                   const char *expected, struct iv_verdict *verdict)
{
    const struct iv_evidence evidence = {
        .message = message,
        .field = "version",
        .actual = c->change->after->version,
        .expected =
            iv_verdict_printf(verdict, "%s %s", expected, known(c->change->before->version)),
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* Of a step in a diff or an audit: one finding for each package that changed under its version. */
static enum iv_outcome step_content(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *now = c->change->after;
    if ((c->change->what & IV_CHANGE_CONTENT) == 0) {
        return IV_PASSED;
    }
    const char *message =
        iv_step_knows_versions(c->step)
            ? iv_verdict_printf(verdict,
                                "%s has the version %s as in firmware %s, but other files in "
                                "firmware %s",
                                iv_package_shown_name(now), known(now->version),
                                c->step->before->firmware_version, c->step->firmware_version)
            : iv_verdict_printf(verdict, "%s has the version %s as before, but other files",
                                iv_package_shown_name(now), known(now->version));
    return fail_change(c, message, "a version above", verdict);
}

/* Likewise for one whose version went back. */
static enum iv_outcome step_version(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *now = c->change->after;
    if ((c->change->what & IV_CHANGE_VERSION_DOWN) == 0) {
        return IV_PASSED;
    }
    return fail_change(c,
                       iv_verdict_printf(verdict,
                                         "%s has the version %s, which is lower than %s before",
                                         iv_package_shown_name(now), known(now->version),
                                         known(c->change->before->version)),
                       "at least", verdict);
}

/* Likewise for one that Microsoft owns now: such packages are not part of the firmware set, so it
 * would leave it without a removal that WSPC sees. */
static enum iv_outcome step_owner(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *before = c->change->before;
    const struct iv_package *now = c->change->after;
    if ((c->change->what & IV_CHANGE_FLAGS) == 0 || !iv_package_leaves_firmware(before, now)) {
        return IV_PASSED;
    }
    const char *name = iv_package_shown_name(now);
    const struct iv_evidence evidence = {
        .message = iv_step_knows_versions(c->step)
                       ? iv_verdict_printf(
                             verdict, "%s is owned by %s in firmware %s, and by %s in firmware %s",
                             name, now->owner_type, c->step->firmware_version, before->owner_type,
                             c->step->before->firmware_version)
                       : iv_verdict_printf(verdict, "%s is owned by %s after and by %s before",
                                           name, now->owner_type, before->owner_type),
        .field = "owner_type",
        .actual = now->owner_type,
        .expected = before->owner_type,
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* ---- the older baseline's packages --------------------------------------------------------- */

/* ADV001: a device that has the version already does not install the package again. */
static enum iv_outcome check_changed_content(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (c->change != NULL) {
        return step_content(c, verdict);
    }
    return for_each_pair(c, verdict, judge_content);
}

/* ADV002: a device never installs a lower version over a higher one. */
static enum iv_outcome check_version_back(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (c->change != NULL) {
        return step_version(c, verdict);
    }
    return for_each_pair(c, verdict, judge_version);
}

/* The packages that were firmware in `before` and are Microsoft's now; `what` it is. */
static enum iv_outcome report_owners(const struct iv_case *c, const struct iv_baseline *before,
                                     const struct iv_set *set, const char *what,
                                     struct iv_verdict *verdict)
{
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < c->submission->set.count; i++) {
        const struct iv_package *now = c->submission->set.items[i];
        const struct iv_package *then = iv_set_find(set, now->key);
        if (then == NULL || !iv_package_leaves_firmware(then, now)) {
            continue;
        }
        const struct iv_evidence evidence = {
            .message =
                iv_verdict_printf(verdict, "%s is owned by %s here and by %s in the %s %s",
                                  iv_package_shown_name(now), now->owner_type, then->owner_type,
                                  what, iv_rules_baseline_name(iv_verdict_arena(verdict), before)),
            .path = now->path,
            .package_name = now->name,
            .key = now->key,
            .field = "owner_type",
            .actual = now->owner_type,
            .expected = then->owner_type,
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* ADV010: a package of the older side that Microsoft owns here. What Microsoft owns is not in the
 * firmware set, so WSPC does not ask for it again, and devices lose it quietly. What a list of
 * names does not say is not known to have changed. Of a request, target against source. */
static enum iv_outcome check_owner_changed(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (c->change != NULL) {
        return step_owner(c, verdict);
    }
    if (c->request != NULL) {
        const struct iv_submission *source = c->request->source.submission;
        const struct iv_baseline before = {.id = source->id,
                                           .firmware_version = source->firmware_version};
        return report_owners(c, &before, &source->set, "source", verdict);
    }
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const struct iv_baseline **baselines;
    size_t count = older_baselines(c->submission, &scratch, &baselines);
    enum iv_outcome outcome = count == 0 ? IV_NOT_APPLICABLE : IV_PASSED;
    for (size_t b = 0; b < count; b++) {
        if (report_owners(c, baselines[b], &baselines[b]->set, "baseline", verdict) == IV_FAILED) {
            outcome = IV_FAILED;
        }
    }
    return outcome;
}

/* The size of a set as WSPC compares it. */
static size_t compared_count(const struct iv_case *c, const struct iv_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        count += is_compared(c, set->items[i]);
    }
    return count;
}

/* Names the packages that the baseline does not have: they are the candidates for a feature merge,
 * which is how the document wants growth kept small. */
static void report_growth(const struct iv_case *c, const struct iv_baseline *baseline,
                          size_t before, size_t now, struct iv_verdict *verdict)
{
    struct iv_arena *arena = iv_verdict_arena(verdict);
    const struct iv_set *set = &c->submission->set;
    const struct iv_package **added =
        IV_NEW_ARRAY(arena, const struct iv_package *, set->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct iv_package *package = set->items[i];
        if (is_compared(c, package) && iv_set_find(&baseline->set, package->key) == NULL) {
            added[count++] = package;
        }
    }
    const struct iv_evidence evidence = {
        .message =
            iv_verdict_printf(verdict,
                              "The firmware set grew from %zu packages in the baseline %s "
                              "to %zu. Candidates for feature merge: %s",
                              before, iv_rules_baseline_name(iv_verdict_arena(verdict), baseline),
                              now, iv_rules_names(arena, added, count)),
        .field = "packages",
        .actual = iv_verdict_printf(verdict, "%zu", now),
    };
    iv_verdict_fail(verdict, &evidence);
}

/* ADV003: "You must be mindful to ensure the firmware package set does not grow beyond reasonable
 * size." Both bounds (a number and a percentage) must be reached, or small sets would be reported
 * for a handful of packages. */
static enum iv_outcome check_growth(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const struct iv_baseline **baselines;
    size_t count = older_baselines(s, &scratch, &baselines);
    size_t now = compared_count(c, &s->set);
    const struct iv_growth *bound = c->run->growth != NULL ? c->run->growth : &default_growth;
    enum iv_outcome outcome = count == 0 ? IV_NOT_APPLICABLE : IV_PASSED;
    for (size_t i = 0; i < count; i++) {
        size_t before = compared_count(c, &baselines[i]->set);
        size_t grown = now > before ? now - before : 0;
        if (grown >= bound->packages && grown * 100 > before * bound->percent) {
            report_growth(c, baselines[i], before, now, verdict);
            outcome = IV_FAILED;
        }
    }
    return outcome;
}

/* ---- test packages ------------------------------------------------------------------------- */

/* Two findings when both ReleaseType and BuildType are wrong. Only SPKG has a BuildType; a package
 * that says none was built by a tool that writes none, and is not accused. */
static bool judge_test_package(const struct iv_package *p, struct iv_verdict *verdict)
{
    bool test = iv_ascii_ieq(p->release_type, "Test");
    bool debug = p->style == IV_STYLE_SPKG && p->build_type != NULL && p->build_type[0] != '\0' &&
                 !iv_ascii_ieq(p->build_type, "Retail");
    struct iv_evidence evidence = {.path = p->path, .package_name = p->name, .key = p->key};
    if (test) {
        evidence.message = iv_verdict_printf(verdict, "%s has the ReleaseType %s in an image",
                                             iv_package_shown_name(p), p->release_type);
        evidence.field = "release_type";
        evidence.actual = p->release_type;
        evidence.expected = "Production";
        iv_verdict_fail(verdict, &evidence);
    }
    if (debug) {
        evidence.message = iv_verdict_printf(verdict, "%s has the BuildType %s in an image",
                                             iv_package_shown_name(p), p->build_type);
        evidence.field = "build_type";
        evidence.actual = p->build_type;
        evidence.expected = "Retail";
        iv_verdict_fail(verdict, &evidence);
    }
    return test || debug;
}

/* A value of OEMInput.xml that an image for the trials or for sale must not have. */
struct oem_value {
    const char *element;
    size_t offset; /* of its text in struct iv_oem_input */
    const char *wrong;
    const char *expected;
    const char *remedy;
};
/* Words of the OEMInput schema. A Manufacturing OS is an image for the factory line and is never
 * submitted; so there is no right value to show for it. */
static const struct oem_value oem_values[] = {
    {.element = "ReleaseType",
     .offset = offsetof(struct iv_oem_input, release_type),
     .wrong = "Test",
     .expected = "Production",
     .remedy = "Set ReleaseType to Production in OEMInput.xml and build the image again."},
    {.element = "BuildType",
     .offset = offsetof(struct iv_oem_input, build_type),
     .wrong = "chk",
     .expected = "fre",
     .remedy = "Set BuildType to fre in OEMInput.xml and build the image again."},
    {.element = "Product",
     .offset = offsetof(struct iv_oem_input, product),
     .wrong = "Manufacturing OS",
     .remedy = "A Manufacturing OS is no retail image: submit its packages with --type=partial "
               "--context-free."},
};

/* One value of OEMInput.xml; folded, as the image builder reads it. The table has the offset of a
 * pointer, which memcpy reads without a cast that would hide its alignment. */
static bool judge_oem_value(const struct iv_oem_input *input, const struct oem_value *row,
                            struct iv_verdict *verdict)
{
    const char *value;
    memcpy(&value, (const char *)input + row->offset, sizeof(value));
    if (!iv_ascii_ieq(value, row->wrong)) {
        return false;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "The OEMInput.xml of the image says %s %s",
                                     row->element, value),
        .remedy = row->remedy,
        .path = input->path,
        .field = row->element,
        .actual = value,
        .expected = row->expected,
    };
    iv_verdict_fail(verdict, &evidence);
    return true;
}

/* The values of the table, and packages that stand in OEMInput.xml one by one: those come from no
 * feature manifest, so a merge never sees them. */
static bool judge_oem_input(const struct iv_oem_input *input, struct iv_verdict *verdict)
{
    bool found = false;
    for (size_t i = 0; i < IV_COUNT(oem_values); i++) {
        found |= judge_oem_value(input, &oem_values[i], verdict);
    }
    for (size_t i = 0; i < input->package_file_count; i++) {
        const struct iv_evidence evidence = {
            .message = iv_verdict_printf(verdict,
                                         "The OEMInput.xml of the image adds the single package %s",
                                         input->package_files[i]),
            .remedy = "Take the PackageFile out of OEMInput.xml and bring the package in through a "
                      "feature manifest.",
            .path = input->path,
            .field = "PackageFiles",
            .actual = input->package_files[i],
        };
        iv_verdict_fail(verdict, &evidence);
        found = true;
    }
    return found;
}

/* ADV004: of each package, and of an image's OEMInput.xml, from which all of them were chosen. One
 * finding is enough to fail; an unreadable package keeps a pass from being one. */
static enum iv_outcome check_test_package(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    bool found = false;
    bool unreadable = false;
    for (size_t i = 0; i < s->package_count; i++) {
        if (s->packages[i].origin == IV_ORIGIN_SUBMISSION) {
            found |= judge_test_package(&s->packages[i], verdict);
            unreadable |= s->packages[i].unreadable;
        }
    }
    if (s->oem_input.present) {
        found |= judge_oem_input(&s->oem_input, verdict);
    }
    if (found) {
        return IV_FAILED;
    }
    return unreadable ? IV_NOT_EVALUATED : IV_PASSED;
}

/* ---- device, variants, history ------------------------------------------------------------- */

/* ADV005: 0.0.0.0 has the form that STD006 asks for, so this rule alone finds it: an image that
 * nobody gave a revision. */
static enum iv_outcome check_zero_revision(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    if (s->firmware_version == NULL || !s->firmware_version_valid) {
        return IV_NOT_APPLICABLE;
    }
    if (!iv_version_is_zero(s->number)) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict,
                                     "PhoneFirmwareRevision is \"%s\", the lowest version there is",
                                     s->firmware_version),
        .field = IV_PHONE_FIRMWARE_REVISION,
        .actual = s->firmware_version,
        .expected = "a version above 0.0.0.0",
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* The three values under the names that the document's messages give them. */
static const char *pop_name(const struct iv_pop *pop, struct iv_verdict *verdict)
{
    return iv_verdict_printf(verdict, "OEM: %s, Mobile operator: %s, OEM device name: %s", pop->oem,
                             pop->mobile_operator, pop->model);
}

/* ADV006: a mistyped name makes a first baseline out of a later one, and nothing is compared then.
 * Which POP of the store is similar was found when the baselines were looked up. */
static enum iv_outcome check_similar_variant(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_variant *variant = c->variant;
    if (variant == NULL || c->submission->store_state != IV_STORE_READY) {
        return IV_NOT_APPLICABLE;
    }
    if (variant->similar == NULL) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "There is no baseline for %s; there is one for %s",
                                     pop_name(&variant->pop, verdict),
                                     pop_name(variant->similar, verdict)),
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* ADV007: a package whose last state in the update history is a removal, and that is not in the
 * set: it counts as absent, so updates from older baselines would lack it. The removal may be long
 * ago and meant; so it is advice. */
static enum iv_outcome check_history_removal(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    if (!s->history.present || !s->history.complete) {
        return IV_NOT_APPLICABLE;
    }
    if (iv_rules_has_fault(s, s->history.path)) {
        return IV_NOT_EVALUATED;
    }
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < s->history.package_count; i++) {
        const struct iv_package *entry = &s->history.packages[i];
        if (!entry->removal || entry->key == NULL || iv_set_find(&s->set, entry->key) != NULL) {
            continue; /* there, or there again */
        }
        const struct iv_evidence evidence = {
            .message = iv_verdict_printf(verdict,
                                         "The last state of %s in the update history is a removal; "
                                         "the package counts as absent",
                                         iv_package_shown_name(entry)),
            .path = s->history.path,
            .package_name = iv_package_shown_name(entry),
            .key = entry->key,
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* ADV009: packages of the image that its own update history does not know. Somebody put them there
 * after the image was built, or the history is of another image. */
static enum iv_outcome check_not_in_history(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    if (!s->history.present || !s->history.complete) {
        return IV_NOT_APPLICABLE;
    }
    if (iv_rules_has_fault(s, s->history.path)) {
        return IV_NOT_EVALUATED;
    }
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct iv_set known;
    iv_set_build(s->history.packages, s->history.package_count, &scratch, &known);
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < s->set.count; i++) {
        const struct iv_package *package = s->set.items[i];
        if (package->origin != IV_ORIGIN_SUBMISSION || iv_set_find(&known, package->key) != NULL) {
            continue;
        }
        const struct iv_evidence evidence = {
            .message = iv_verdict_printf(verdict, "The update history does not name the package %s",
                                         iv_package_shown_name(package)),
            .path = package->path,
            .package_name = package->name,
            .key = package->key,
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* ---- empty packages ------------------------------------------------------------------------ */

/* By key, as sets are compared. */
static bool holds(const struct iv_baseline *baseline, const char *key)
{
    return baseline != NULL && iv_set_find(&baseline->set, key) != NULL;
}

/* True when every variant was compared; `ret_neighbours` has the three neighbours of each, each
 * baseline once. One variant without a comparison is enough to say nothing: the package may be
 * empty for its sake. */
static bool neighbours_build(const struct iv_submission *s, struct iv_arena *arena,
                             const struct iv_baseline ***ret_neighbours, size_t *ret_count)
{
    const struct iv_baseline **all =
        IV_NEW_ARRAY(arena, const struct iv_baseline *, s->variant_count * 3 + 1);
    size_t found = 0;
    for (size_t i = 0; i < s->variant_count; i++) {
        const struct iv_wspc *wspc = &s->variants[i].wspc;
        if (wspc->status != IV_WSPC_COMPLIANT && wspc->status != IV_WSPC_NOT_COMPLIANT &&
            wspc->status != IV_WSPC_FIRST) {
            return false;
        }
        const struct iv_baseline *const three[] = {wspc->older, wspc->newer, wspc->same};
        for (size_t k = 0; k < IV_COUNT(three); k++) {
            if (three[k] != NULL && !three[k]->set_loaded) {
                return false;
            }
            if (three[k] != NULL) {
                all[found++] = three[k];
            }
        }
    }
    *ret_neighbours = all;
    *ret_count = once_each(all, found);
    return s->variant_count > 0;
}

/* An empty firmware package that no neighbour has: nothing needs it to keep a name alive. */
static bool is_idle(const struct iv_package *package, const struct iv_baseline *const *neighbours,
                    size_t count)
{
    if (package->origin != IV_ORIGIN_SUBMISSION || !package->empty || package->unreadable ||
        iv_package_is_microsoft(package)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (holds(neighbours[i], package->key)) {
            return false;
        }
    }
    return true;
}

/* ADV008: an empty package keeps a name for the sake of a baseline. Only where the store was
 * looked into, or --against names a baseline, is it known that none asks for it. */
static enum iv_outcome check_empty_packages(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    bool judged = s->store_state == IV_STORE_READY || s->store_state == IV_STORE_AGAINST;
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const struct iv_baseline **neighbours;
    size_t count;
    if (!judged || !neighbours_build(s, &scratch, &neighbours, &count)) {
        return IV_NOT_APPLICABLE;
    }

    const struct iv_package **idle =
        IV_NEW_ARRAY(&scratch, const struct iv_package *, s->set.count + 1);
    size_t idle_count = 0;
    for (size_t i = 0; i < s->set.count; i++) {
        if (is_idle(s->set.items[i], neighbours, count)) {
            idle[idle_count++] = s->set.items[i];
        }
    }
    if (idle_count == 0) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "Empty packages that no baseline asks for: %s",
                                     iv_rules_names(iv_verdict_arena(verdict), idle, idle_count)),
        .field = "empty",
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

static const struct iv_rule rows[] = {
    {
        /* What an update would do to a package that both sides have. */
        .id = "ADV001",
        .name = "changed-content",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .also = IV_ALSO_CHANGE,
        .applies = WITH_WSPC,
        .check = check_changed_content,
        .summary = "A package whose files changed since the older baseline should have a new "
                   "version.",
        .why = "Devices compare versions alone: a package of the same version is not installed, "
               "whatever is in it.",
        .remedy = "Raise the version of the package and build it again.",
        .alias = {"{0} has the version {1} as in the baseline {2}, but other files"},
        .passes = "baseline: x 1.0.0.1; submission: x 1.0.0.2 with other files",
        .fails = "baseline: x 1.0.0.1; submission: x 1.0.0.1 with other files",
    },
    {
        .id = "ADV002",
        .name = "version-went-back",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .also = IV_ALSO_CHANGE,
        .applies = WITH_WSPC,
        .check = check_version_back,
        .summary = "The version of a package should not be lower than in the older baseline.",
        .why = "Devices install only higher versions: they would keep the package that they have.",
        .remedy = "Give the package a version that is at least as high as the baseline's, and "
                  "build it again.",
        .alias = {"{0} has the version {1}, which is lower than {2} in the baseline {3}"},
        .passes = "baseline: x 1.0.0.2; submission: x 1.0.0.10",
        .fails = "baseline: x 1.0.0.10; submission: x 1.0.0.2",
    },
    {
        /* How the whole set, its packages and its device values came to be. */
        .id = "ADV003",
        .name = "set-growth",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_growth,
        .summary = "The firmware set should not grow by 10 packages and more than 20 percent over "
                   "the older baseline; a policy may set other bounds.",
        .why = "A package that is once in a baseline can never leave the set; many packages make "
               "updates slow.",
        .remedy = "Merge the new packages with FeatureMerger before they become part of a "
                  "baseline.",
        .alias =
            {"The firmware set grew from {0} packages in the baseline {1} to {2}. Candidates for "
             "feature merge: {3}"},
        .passes = "baseline: 100 packages; submission: 105 packages",
        .fails = "baseline: 100 packages; submission: 130 packages",
    },
    {
        .id = "ADV004",
        .name = "test-package",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_IMAGE,
        .check = check_test_package,
        .summary = "An image should hold production packages of retail builds alone.",
        .why = "Test packages and checked builds are not meant for customers and are refused for "
               "retail devices.",
        .remedy = "Build the package with ReleaseType Production and BuildType Retail.",
        .alias = {"{0} has the ReleaseType {1} in an image",
                  "{0} has the BuildType {1} in an image", "The OEMInput.xml of the image says {0}",
                  "The OEMInput.xml of the image adds the single package {0}"},
        .passes = "<ReleaseType>Production</ReleaseType> <BuildType>Retail</BuildType>",
        .fails = "<ReleaseType>Test</ReleaseType> <BuildType>Checked</BuildType>",
    },
    {
        .id = "ADV005",
        .name = "zero-revision",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_zero_revision,
        .summary = "The firmware version should not be 0.0.0.0.",
        .why = "No firmware is older than 0.0.0.0, so no device could ever be updated to it.",
        .remedy = "Set PhoneFirmwareRevision in the image customization (DeviceInfo/Static) to the "
                  "version of this firmware.",
        .alias = {"PhoneFirmwareRevision is {0}, the lowest version there is"},
        .passes = "PhoneFirmwareRevision=3012.0.1610.4",
        .fails = "PhoneFirmwareRevision=0.0.0.0",
    },
    {
        .id = "ADV006",
        .name = "similar-variant",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_VARIANT,
        .applies = WITH_WSPC,
        .check = check_similar_variant,
        .summary = "A POP without a baseline should not be nearly the same as one that has a "
                   "baseline.",
        .why = "A slip of the pen in a name makes a new POP, and a new POP is compared with "
               "nothing.",
        .remedy = "Check manufacturer, operator and model; if the POP is new on purpose, there is "
                  "nothing to do.",
        .alias = {"There is no baseline for {0}; there is one for {1}"},
        .passes = "CONTOSO, 000-88, CT-100, which has a baseline",
        .fails = "CONTOSO, 000-88, CT-10O, where CT-100 has a baseline",
    },
    {
        .id = "ADV007",
        .name = "history-removal",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_history_removal,
        .summary = "The last state of a package in the update history should not be a removal.",
        .why = "A removed package is absent from the set, and WSPC does not allow packages to go.",
        .remedy = "Bring the package back, or put an empty package of that name in its place.",
        .alias = {"The last state of {0} in the update history is a removal; the package counts as "
                  "absent"},
        .passes = "event 1 installs x; event 2 updates x",
        .fails = "event 1 installs x; event 2 has <IsRemoval>true</IsRemoval> for x",
    },
    {
        .id = "ADV008",
        .name = "empty-packages",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_empty_packages,
        .summary = "Empty packages should stay only where a baseline asks for them.",
        .why = "An empty package that becomes part of a baseline stays in the set for good.",
        .remedy = "Leave the empty packages out, or merge them away with FeatureMerger.",
        .alias = {"Empty packages that no baseline asks for: {0}"},
        .passes = "an empty package whose name is in the older baseline",
        .fails = "an empty package whose name is in no neighbouring baseline",
    },
    {
        .id = "ADV009",
        .name = "not-in-history",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_IMAGE,
        .check = check_not_in_history,
        .summary = "The update history of an image should name every package in it.",
        .why = "A package that the history does not know is not part of the image that was built.",
        .remedy = "Take the package out of the input, or use the UpdateHistory.xml of this very "
                  "image.",
        .alias = {"The update history does not name the package {0}"},
        .passes = "the history ends with a, b; the submission holds a, b",
        .fails = "the history ends with a; the submission holds a, b",
    },
    {
        /* Judged in every command that has two sides. */
        .id = "ADV010",
        .name = "owner-changed",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .also = IV_ALSO_CHANGE | IV_ALSO_REQUEST,
        .applies = WITH_WSPC,
        .check = check_owner_changed,
        .summary = "A firmware package of the older baseline should not be Microsoft's in the "
                   "submission.",
        .why = "Packages of the owner type Microsoft are not part of the firmware set: the package "
               "leaves it, and no later comparison asks for it again.",
        .remedy = "Build the package with the owner type that it had, or make sure that the change "
                  "is meant.",
        .alias = {"{0} is owned by {1} here and by {2} in the baseline {3}",
                  "{0} is owned by {1} here and by {2} in the source {3}",
                  "{0} is owned by {1} after and by {2} before",
                  "{0} is owned by {1} in firmware {2}, and by {3} in firmware {4}"},
        .passes = "baseline: x of the OEM; submission: x of the OEM",
        .fails = "baseline: x of the OEM; submission: x of Microsoft",
    },
};

const struct iv_rules iv_rules_advice = {.rows = rows, .count = IV_COUNT(rows), .advisory = true};
