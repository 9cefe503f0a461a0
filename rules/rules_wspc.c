/*
 * The Windows Standard Packaging Configuration (WSPC001..WSPC016): once a package was shipped in a
 * baseline, every later firmware of the same phone and operator must hold it too, or devices cannot
 * be updated in a single hop.
 *
 * The numbers 1 to 15 are those of the rows in the troubleshooting table of Microsoft's document
 * "Windows Standard Packaging Configuration (WSPC) requirements for retail images", and `message`
 * is the text of that row. ImgVal printed these texts when its servers could not be asked or
 * disagreed; imgval has one file in the place of the servers, so each row says below which state of
 * that file stands for the state that the document has in mind. WSPC016 is imgval's own.
 *
 * Nothing is compared here. scan/look_up.c found the neighbouring baselines, let model/wspc.c
 * compare, and left the result in each variant (`variant->wspc`) and in `store_state` what became
 * of the store; these checks turn both into findings. Three answers must not be mixed up:
 *
 * - not applicable: nobody asked for a comparison, or it makes no sense (--no-wspc, a partial
 *   without a firmware version);
 * - not evaluated: it was due and could not be made. The verdict is then `incomplete`, and the row
 *   that says why has `spoils` set;
 * - passed: it was made, and this rule found nothing.
 *
 * Every check about the comparison asks comparison_state() first, so that all of them agree on when
 * it was made: a row passes only for a variant that was compared with the store's baselines or with
 * --against.
 */
#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/delta.h"
#include "imgval/model/request.h"
#include "imgval/model/step.h"
#include "imgval/version.h"
#include "rules/rules.h"
#include "rules/wording.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WITH_WSPC (IV_APPLIES_IMAGE | IV_APPLIES_CONTEXTUAL)

/* ---- what could be judged ------------------------------------------------------------------ */

/*
 * IV_PASSED: the variant was compared. Otherwise what a rule about the comparison must answer.
 *
 * An image without a variant, or without a version that can be put in order, should have been
 * compared: not evaluated. A partial in the same state is a fragment on its way to somebody else's
 * set: not applicable. --against needs no version, since it names the one to compare with.
 */
static enum iv_outcome comparison_state(const struct iv_case *c)
{
    const struct iv_submission *s = c->submission;
    bool image = iv_submission_is_image(s);
    if (c->run->no_wspc) {
        return IV_NOT_APPLICABLE;
    }
    if (c->variant == NULL) {
        return image ? IV_NOT_EVALUATED : IV_NOT_APPLICABLE;
    }
    bool against = s->store_state == IV_STORE_AGAINST;
    if (image && !against && !s->firmware_version_valid) {
        return IV_NOT_EVALUATED;
    }
    switch (c->variant->wspc.status) {
    case IV_WSPC_NOT_EVALUATED:
        return IV_NOT_EVALUATED;
    case IV_WSPC_NOT_APPLICABLE:
    case IV_WSPC_SKIPPED:
        return IV_NOT_APPLICABLE;
    case IV_WSPC_COMPLIANT:
    case IV_WSPC_NOT_COMPLIANT:
    case IV_WSPC_FIRST:
        break;
    }
    return against || s->store_state == IV_STORE_READY ? IV_PASSED : IV_NOT_EVALUATED;
}

/* Rows about the store fail in one state of it and pass in every other one that was looked up. A
 * request for update has no `store_state` of its own: it opens the store itself, but only where a
 * POP is shared, for else there is nothing to ask. */
static bool store_is(const struct iv_case *c, enum iv_store_state state)
{
    if (c->request != NULL) { /* it looks into the store itself, where a POP is shared */
        enum iv_store_state asked = c->request->has_store ? IV_STORE_READY : IV_STORE_NONE;
        return state == (c->request->variant_count == 0 ? IV_STORE_NOT_ASKED : asked);
    }
    return c->submission->store_state == state;
}

/* What a row about the store answers when its state is another one: passed only where the store was
 * opened, so that `--against` alone is never read as "the store is fine". */
static enum iv_outcome store_passed(const struct iv_case *c)
{
    return store_is(c, IV_STORE_NOT_ASKED) || store_is(c, IV_STORE_AGAINST) ? IV_NOT_APPLICABLE
                                                                            : IV_PASSED;
}

/* The row's text with its holes filled: what the document says, with this run's values. */
static const char *fill(const struct iv_case *c, struct iv_verdict *verdict,
                        const char *const *arguments, size_t count)
{
    return iv_rules_fill(iv_verdict_arena(verdict), c->rule->message, arguments, count);
}

/* A failure whose message is all there is to say. */
static enum iv_outcome fail(struct iv_verdict *verdict, const char *message)
{
    const struct iv_evidence evidence = {.message = message};
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

static const char *detail_of(const struct iv_submission *s)
{
    return s->store_detail != NULL ? s->store_detail : "no detail is known";
}

/* ---- the store ----------------------------------------------------------------------------- */

/* WSPC001. A store of a newer schema may hold what this program would overlook, so nothing is
 * compared and the scan ends with status 4 (imgval could not do its job). */
static enum iv_outcome check_newer_store(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (!store_is(c, IV_STORE_NEWER)) {
        return store_passed(c);
    }
    const char *version = c->run->tool_version != NULL ? c->run->tool_version : IMGVAL_VERSION;
    const char *const arguments[] = {version, iv_verdict_printf(verdict, "newer than %s", version)};
    return fail(verdict,
                iv_verdict_printf(verdict,
                                  "%s The baseline store was written by a newer imgval (%s), so "
                                  "WSPC was not evaluated.",
                                  fill(c, verdict, arguments, IV_COUNT(arguments)),
                                  detail_of(c->submission)));
}

/* WSPC005. Reported wherever something was judged from the store: it says what the variants were
 * compared with. One finding for the submission, though the state of each variant is asked for: a
 * store with baselines for some of the variants is what one wants to see. */
static enum iv_outcome check_cached_list(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    if (!store_is(c, IV_STORE_READY)) {
        return IV_NOT_APPLICABLE;
    }
    size_t judged = 0;
    size_t first = 0;
    for (size_t i = 0; i < s->variant_count; i++) {
        struct iv_case one = *c;
        one.variant = &s->variants[i];
        if (comparison_state(&one) == IV_PASSED) {
            judged++;
            first += s->variants[i].wspc.status == IV_WSPC_FIRST;
        }
    }
    if (judged == 0) {
        return IV_NOT_APPLICABLE; /* nothing was judged from the store */
    }
    const char *const arguments[] = {iv_verdict_printf(
        verdict, "the local baseline store, which has baselines for %zu of %zu variant%s",
        judged - first, s->variant_count, s->variant_count == 1 ? "" : "s")};
    return fail(verdict, fill(c, verdict, arguments, IV_COUNT(arguments)));
}

/* WSPC006 and WSPC007 share it: one is for a run in CI, one for a person's, because the help
 * differs. Whichever is not meant passes, so that a missing store is reported exactly once. */
static enum iv_outcome no_store(const struct iv_case *c, struct iv_verdict *verdict, bool in_ci)
{
    if (!store_is(c, IV_STORE_NONE) || c->run->in_ci != in_ci) {
        return store_passed(c);
    }
    const char *why = c->run->no_place == NULL
                          ? "There is no baseline store here."
                          : iv_verdict_printf(verdict,
                                              "There is no place for a baseline store: %s; name "
                                              "one with --cache=FILE.",
                                              c->run->no_place);
    return fail(verdict, iv_verdict_printf(verdict,
                                           "%s %s WSPC not checked: no baseline store. First "
                                           "baseline: imgval cache add --baseline PATH. Skip on "
                                           "purpose: --no-wspc",
                                           why, c->rule->message));
}

/* For a person at a terminal, who may have forgotten --cache. */
static enum iv_outcome check_no_store(const struct iv_case *c, struct iv_verdict *verdict)
{
    return no_store(c, verdict, false);
}

/* For a build server, which starts with an empty home each time: a store must be brought along. */
static enum iv_outcome check_no_store_ci(const struct iv_case *c, struct iv_verdict *verdict)
{
    return no_store(c, verdict, true);
}

/* WSPC013. A truncated or damaged store must never look like a first baseline, so it is an error of
 * its own and not "no store". */
static enum iv_outcome check_unreadable_store(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (!store_is(c, IV_STORE_UNREADABLE)) {
        return store_passed(c);
    }
    const char *const arguments[] = {detail_of(c->submission)};
    return fail(verdict,
                iv_verdict_printf(verdict, "The baseline store cannot be used: %s. %s",
                                  arguments[0], fill(c, verdict, arguments, IV_COUNT(arguments))));
}

/* WSPC009: without a version nobody can say which baselines are older and which newer. A version
 * that the sources disagree about is IMG302, one of the wrong form is STD006; here it is missing
 * altogether. Where a source could not be read, it may stand there: not evaluated. */
static enum iv_outcome check_firmware_version(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    if (c->run->no_wspc || store_is(c, IV_STORE_AGAINST)) {
        return IV_NOT_APPLICABLE;
    }
    for (size_t i = 0; i < s->device.conflict_count; i++) {
        if (strcmp(s->device.conflicts[i].winner->name, IV_PHONE_FIRMWARE_REVISION) == 0) {
            return IV_NOT_EVALUATED;
        }
    }
    if (s->firmware_version != NULL) {
        return IV_PASSED;
    }
    if (iv_submission_misses_sources(s)) {
        return IV_NOT_EVALUATED;
    }
    const struct iv_evidence evidence = {
        .message = c->rule->message,
        .field = IV_PHONE_FIRMWARE_REVISION,
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* ---- two versions -------------------------------------------------------------------------- */

/*
 * WSPC004, for two sets next to each other in a diff or an audit.
 *
 * What was not read is missing too, and what was missing before may be more: when a side is
 * incomplete, no removal is no pass, and a removal is reported as "not checked".
 */
static enum iv_outcome check_removed(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_step *step = c->step;
    if (step->removed_count == 0) {
        return step->incomplete ? IV_NOT_EVALUATED : IV_PASSED;
    }
    struct iv_arena *arena = iv_verdict_arena(verdict);
    const char *names = iv_rules_names(arena, step->removed, step->removed_count);
    const struct iv_evidence evidence = {
        .message = fill(c, verdict, &names, 1),
        .remedy = iv_rules_removed_remedy(c->rule, step->delta, arena),
        .field = IV_PHONE_FIRMWARE_REVISION,
        .actual = step->firmware_version,
        .packages = step->removed,
        .package_count = step->removed_count,
        .incomplete = step->incomplete,
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* ---- one variant --------------------------------------------------------------------------- */

/* WSPC010. Several baselines with different sets at one place in the order: there is no right one
 * to compare with, and to choose one would make the verdict depend on chance. Which they are was
 * counted when the store was looked up. */
static enum iv_outcome check_several(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (c->variant == NULL || c->run->no_wspc || !store_is(c, IV_STORE_READY)) {
        return IV_NOT_APPLICABLE;
    }
    if (c->variant->wspc.several == 0) {
        return comparison_state(c);
    }
    const char *const arguments[] = {iv_verdict_printf(verdict, "%zu", c->variant->wspc.several)};
    return fail(verdict, fill(c, verdict, arguments, IV_COUNT(arguments)));
}

/* For parts of messages that a record may lack; NULL must not reach a format directive. */
static const char *text_or(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

/* WSPC011. One finding for each baseline in use that is an imported list, not a recorded judgement:
 * a list that was imported may be wrong, and nobody has scanned what it names. A first baseline
 * uses none, so the rule has nothing to look at. */
static enum iv_outcome check_imported(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = comparison_state(c);
    if (state != IV_PASSED || c->variant->wspc.status == IV_WSPC_FIRST) {
        return state == IV_PASSED ? IV_NOT_APPLICABLE : state;
    }
    const struct iv_wspc *wspc = &c->variant->wspc;
    const struct iv_baseline *const used[] = {wspc->older, wspc->newer, wspc->same};
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < IV_COUNT(used); i++) {
        if (used[i] == NULL || !used[i]->imported) {
            continue;
        }
        const struct iv_evidence evidence = {
            .message = c->rule->message,
            .remedy = iv_verdict_printf(verdict,
                                        "The baseline %s is an imported list: record the "
                                        "submission itself (imgval cache add --baseline PATH) "
                                        "where you still have it.",
                                        iv_rules_baseline_name(iv_verdict_arena(verdict), used[i])),
            .baseline = used[i],
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* WSPC012. The summary for a variant: which phone is affected. What is missing is reported by
 * WSPC002 or WSPC003, and this finding takes the severity of whichever of them it was, so that it
 * never blocks where its cause does not. */
static enum iv_outcome check_variant(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = comparison_state(c);
    if (state != IV_PASSED || c->variant->wspc.status != IV_WSPC_NOT_COMPLIANT) {
        return state;
    }
    const struct iv_pop *pop = &c->variant->pop;
    const char *const arguments[] = {text_or(pop->oem, ""), text_or(pop->mobile_operator, ""),
                                     text_or(pop->model, "")};
    if (arguments[0][0] == '\0' && arguments[1][0] == '\0' && arguments[2][0] == '\0') {
        return IV_NOT_APPLICABLE; /* --against without a POP: there is no variant to name */
    }
    const struct iv_evidence evidence = {
        .message = fill(c, verdict, arguments, IV_COUNT(arguments)),
        .severity_of = c->run->baseline ? "WSPC003" : "WSPC002",
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* "OEM/OPERATOR/MODEL", the form in which commands take a POP. */
static const char *pop_text(const struct iv_pop *pop, struct iv_verdict *verdict)
{
    return iv_verdict_printf(verdict, "%s/%s/%s", pop->oem, pop->mobile_operator, pop->model);
}

/* Why there is nothing to compare a variant with, and the command that changes it. From the most
 * helpful to the least: it is being recorded now; it was recorded, but not as a baseline; a POP
 * that looks like it has one (a typing error); nothing is known. */
static const char *without_baseline(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_variant *v = c->variant;
    const char *pop = pop_text(&v->pop, verdict);
    const char *add = iv_rules_command(verdict, c, "cache add", "--baseline", c->submission->path);
    if (c->run->baseline) { /* that it is recorded as one is under way */
        return iv_verdict_printf(verdict, "First baseline of %s, compared with nothing", pop);
    }
    if (v->recorded > 0) {
        return iv_verdict_printf(
            verdict,
            "No baseline of %s, though %zu submission%s of it %s recorded: declare the one that "
            "devices have as a baseline, say version %s with %s",
            pop, v->recorded, v->recorded == 1 ? "" : "s", v->recorded == 1 ? "is" : "are",
            text_or(v->recorded_version, "unknown"),
            iv_rules_command(verdict, c, "cache add", "--baseline",
                             iv_verdict_printf(verdict, "%.16s", v->recorded_id)));
    }
    if (v->similar != NULL) {
        return iv_verdict_printf(verdict,
                                 "No baseline of %s, but there is one of %s: correct "
                                 "manufacturer, operator and model if that is meant; else record "
                                 "this first baseline with %s",
                                 pop, pop_text(v->similar, verdict), add);
    }
    return iv_verdict_printf(
        verdict, "First baseline of %s, compared with nothing: to record it, %s", pop, add);
}

/* WSPC014. A first baseline was compared with nothing, which is not the same as compliant: it is
 * reported, as a note, in every format. */
static enum iv_outcome check_first(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = comparison_state(c);
    if (state != IV_PASSED || c->variant->wspc.status != IV_WSPC_FIRST) {
        return state;
    }
    const struct iv_evidence evidence = {
        .message = c->rule->message,
        .remedy = without_baseline(c, verdict),
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* WSPC016. With --require-baseline a first baseline is a failure: on a build server a store that
 * was not brought along looks exactly like a first release. */
static enum iv_outcome check_required(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = c->run->require_baseline ? comparison_state(c) : IV_NOT_APPLICABLE;
    if (state != IV_PASSED || c->variant->wspc.status != IV_WSPC_FIRST) {
        return state;
    }
    const char *why = without_baseline(c, verdict);
    return fail(verdict, fill(c, verdict, &why, 1));
}

/* WSPC015. How many days ago something was recorded for the variant, against the site's limit. An
 * age below 0 was never asked for, so nothing is claimed. */
static enum iv_outcome check_old_list(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (c->variant == NULL || c->run->no_wspc || !c->run->has_max_list_age ||
        c->variant->list_age_days < 0 || !store_is(c, IV_STORE_READY)) {
        return IV_NOT_APPLICABLE;
    }
    if (c->variant->list_age_days <= c->run->max_list_age) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message = c->rule->message,
        .remedy = iv_verdict_printf(verdict,
                                    "The baselines of this POP were last touched %" PRId64
                                    " days ago; bring the store up to date with imgval cache "
                                    "merge or imgval cache import, or allow more days with "
                                    "--max-cache-age.",
                                    c->variant->list_age_days),
        .field = "list_age_days",
        .actual = iv_verdict_printf(verdict, "%" PRId64, c->variant->list_age_days),
        .expected = iv_verdict_printf(verdict, "at most %" PRId64, c->run->max_list_age),
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* ---- missing packages ---------------------------------------------------------------------- */

/* The command that writes the projects of what is missing. A baseline of the store has an id that
 * is found again by its first 16 digits; what --against named is named so again. */
static const char *fix_command(const struct iv_case *c, const struct iv_comparison *failure,
                               struct iv_verdict *verdict)
{
    struct iv_buf against IV_CLEANUP(iv_buf_fini) = {0};
    if (c->run->against != NULL) {
        iv_shell_quote(&against, iv_verdict_printf(verdict, "--against=%s", c->run->against));
    } else {
        iv_buf_printf(&against, "--against=%.16s", text_or(failure->against->id, "ID"));
    }
    iv_buf_puts(&against, " --output=DIR");
    return iv_rules_command(verdict, c, "fix", iv_buf_text(&against), c->submission->path);
}

/* "Add ...; renamed? OLD -> NEW, OLD -> NEW". A renamed package counts as removed (the document
 * says so), and a rename is the most likely reason: a missing package whose version, partition and
 * size appear under a name that is new here is shown as a pair. */
static const char *add_remedy(const struct iv_case *c, const struct iv_comparison *failure,
                              struct iv_verdict *verdict)
{
    const char *what = failure->missing_count == 1
                           ? "the package, or an empty package of that name"
                           : "the packages, or empty packages of those names";
    const char *text =
        iv_verdict_printf(verdict,
                          "Add %s, to the submission (an empty package is a PkgGen project with "
                          "an empty Components element). This writes them: %s",
                          what, fix_command(c, failure, verdict));
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct iv_new_names names;
    iv_new_names_build(&c->submission->set, &failure->against->set, &scratch, &names);
    size_t shown = 0;
    for (size_t i = 0; i < failure->missing_count && shown < IV_RULES_NAMES_MAX; i++) {
        const struct iv_package *other = iv_new_names_find(&names, failure->missing[i]);
        if (other != NULL) {
            text = iv_verdict_printf(
                verdict, "%s%s%s -> %s", text, shown == 0 ? " renamed? " : ", ",
                iv_package_shown_name(failure->missing[i]), iv_package_shown_name(other));
            shown++;
        }
    }
    return text;
}

/* The packages that a later baseline lacks cannot be added there, for it is recorded and shipped:
 * they must go from here. */
static const char *newer_remedy(const struct iv_comparison *failure, struct iv_verdict *verdict)
{
    bool one = failure->missing_count == 1;
    return iv_verdict_printf(verdict,
                             "Take the package%s out of this submission, for the later baseline %s "
                             "stands and cannot get %s any more; or give this firmware a version "
                             "above that one and declare it as a new baseline.",
                             one ? "" : "s",
                             iv_rules_baseline_name(iv_verdict_arena(verdict), failure->against),
                             one ? "it" : "them");
}

/*
 * One finding for each failed superset test (against the next older, the next newer and an equal
 * version: the document's "out of order submissions"). Two rows share it, with the document's texts
 * for a baseline, which is rejected, and for another submission, which is let through with a
 * warning.
 *
 * Against a newer baseline the document's sentence would be false: there the later set lacks
 * packages of this one. Its place is taken by the row's first alias. A variant that is not
 * compliant without a failed test cannot be explained, so it is no pass either.
 */
static enum iv_outcome missing_packages(const struct iv_case *c, struct iv_verdict *verdict,
                                        bool baseline)
{
    if (c->run->baseline != baseline) {
        return IV_NOT_APPLICABLE;
    }
    enum iv_outcome state = comparison_state(c);
    if (state != IV_PASSED || c->variant->wspc.status != IV_WSPC_NOT_COMPLIANT) {
        return state;
    }
    const struct iv_wspc *wspc = &c->variant->wspc;
    for (size_t i = 0; i < wspc->failure_count; i++) {
        const struct iv_comparison *failure = &wspc->failures[i];
        bool newer = failure->direction == IV_NEWER;
        const char *const arguments[] = {
            iv_rules_names(iv_verdict_arena(verdict), failure->missing, failure->missing_count),
            iv_rules_baseline_name(iv_verdict_arena(verdict), failure->against)};
        const struct iv_evidence evidence = {
            .message = iv_rules_fill(iv_verdict_arena(verdict),
                                     newer ? c->rule->alias[0] : c->rule->message, arguments,
                                     IV_COUNT(arguments)),
            .remedy = newer ? newer_remedy(failure, verdict) : add_remedy(c, failure, verdict),
            .packages = failure->missing,
            .package_count = failure->missing_count,
            .baseline = failure->against,
            .direction = &failure->direction,
        };
        iv_verdict_fail(verdict, &evidence);
    }
    return wspc->failure_count > 0 ? IV_FAILED : IV_NOT_EVALUATED;
}

/* WSPC002: the submission is no baseline, so it may lack packages; it is recorded as not
 * compliant. */
static enum iv_outcome check_missing(const struct iv_case *c, struct iv_verdict *verdict)
{
    return missing_packages(c, verdict, false);
}

/* WSPC003: the same of a baseline, which all later ones would be compared with. */
static enum iv_outcome check_missing_baseline(const struct iv_case *c, struct iv_verdict *verdict)
{
    return missing_packages(c, verdict, true);
}

/* ---- texts --------------------------------------------------------------------------------- */

/* The pieces of which the document builds its two messages, word for word (two blanks after a full
 * stop included): people and scripts search for them. */
#define NOT_COMPLIANT                                                                              \
    "The firmware submission is not WSPC compliant with the baseline submission {1}.  "
#define BECAUSE_OLDER "This is because the packages {0} are missing from the new submission."
#define BECAUSE_NEWER                                                                              \
    "This is because the packages {0} of the new submission are missing from that later baseline."
#define STILL_ALLOWED                                                                              \
    " Since this is not a new baseline, the firmware submission is allowed.  However, since this " \
    "submission not WSPC compliant and is not a baseline, it will not be available for a retail "  \
    "servicing update.  Retail servicing updates are only allowed for the following scenarios: "   \
    "between an RTM source submission and an RTM target submission, or between a legacy non-WSPC " \
    "compliant source submission and an RTM target submission."
#define PLEASE_ADD                                                                                 \
    "  To make this submission WSPC compliant, please ensure the missing packages are included "   \
    "in the submission."

/* The spellings of the document's troubleshooting table, which clips the first sentence and
 * hyphenates: only matched when somebody pastes one into `imgval explain`, never printed. */
#define TABLE_NOT_COMPLIANT                                                                        \
    "The firmware submission is not WSPC-compliant with the baseline submission {1}. "
#define TABLE_PLEASE_ADD                                                                           \
    " To make this submission WSPC-compliant, please ensure the missing packages are included in " \
    "the submission."
#define TABLE_STILL_ALLOWED                                                                        \
    " Since this is not a new baseline, the firmware submission is allowed. However, since this "  \
    "submission not WSPC compliant and is not a baseline, it will not be available for a retail "  \
    "servicing update. Retail servicing updates are only allowed for the following scenarios: "    \
    "between an RTM source submission and an RTM target submission, or between a legacy non-WSPC " \
    "compliant source submission and an RTM target submission."

#define ADD_MISSING                                                                                \
    "Add the missing packages, or empty packages of those names, to the submission; imgval fix "   \
    "--against=ID --output=DIR PATH writes the projects of empty packages."
#define WHY_SUPERSET                                                                               \
    "Devices update in a single hop from any baseline only while no package that was once in the " \
    "set is removed or renamed."

static const struct iv_rule rows[] = {
    {
        /* Row 1, "any WPIC command": the client is older than what it talks to. Here that is a
         * store of a newer imgval. */
        .id = "WSPC001",
        .name = "newer-store",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_newer_store,
        .spoils = IV_PART_COMPARISON,
        .clause = "the baseline store was written by a newer imgval",
        .part = IV_PART_COMPARISON,
        .summary = "The baseline store must have a form that this imgval knows.",
        .why = "A newer imgval may have recorded what this one would misread; it refuses rather "
               "than guess.",
        .remedy = "Use the newer imgval that wrote the store, or name another store with "
                  "--cache=FILE.",
        .message = "The Windows Phone Ingestion Client version you are using (Version {0}) is no "
                   "longer supported.  Please make sure you are using the current version of the "
                   "Windows Phone Ingestion Client, Version {1}.",
        .passes = "a store written by this or an older imgval",
        .fails = "a store whose schema number is greater than the one that this imgval writes",
    },
    {
        /* Row 2: not a baseline, so it is accepted with a warning. */
        .id = "WSPC002",
        .name = "missing-packages",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_VARIANT,
        .applies = WITH_WSPC,
        .check = check_missing,
        .summary = "A submission should contain the packages of the baseline before it, and be "
                   "contained in the baseline after it.",
        .why = WHY_SUPERSET " This submission is no baseline, so it is allowed, but retail "
                            "servicing is closed to it.",
        .remedy = ADD_MISSING,
        .message = NOT_COMPLIANT BECAUSE_OLDER STILL_ALLOWED PLEASE_ADD,
        /* The first alias is the message for direction `newer`. */
        .alias = {NOT_COMPLIANT BECAUSE_NEWER STILL_ALLOWED PLEASE_ADD,
                  "WSPC compliant with the baseline submission {1}. " BECAUSE_OLDER
                      TABLE_STILL_ALLOWED TABLE_PLEASE_ADD},
        .passes = "baseline a, b, c, d; submission a, b, c, d, e",
        .fails = "baseline a, b, c, d; submission a, b, c, e",
    },
    {
        /* Row 3: a baseline, so it is refused, and no waiver helps: what is recorded as a baseline
         * binds every version after it. Partials cannot be baselines, so it applies to images
         * alone. */
        .id = "WSPC003",
        .name = "missing-packages-baseline",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_VARIANT,
        .applies = IV_APPLIES_IMAGE,
        .check = check_missing_baseline,
        .summary = "A new baseline must contain the packages of the baseline before it, and be "
                   "contained in the baseline after it.",
        .why = WHY_SUPERSET " A baseline that breaks the chain is rejected.",
        .remedy = ADD_MISSING,
        .message = NOT_COMPLIANT BECAUSE_OLDER PLEASE_ADD,
        /* The first alias is the message for direction `newer`. */
        .alias = {NOT_COMPLIANT BECAUSE_NEWER PLEASE_ADD,
                  TABLE_NOT_COMPLIANT BECAUSE_OLDER TABLE_PLEASE_ADD},
        .passes = "imgval scan --baseline on a, b, c, d, e after the baseline a, b, c, d",
        .fails = "imgval scan --baseline on a, b, c, e after the baseline a, b, c, d",
    },
    {
        /* Row 4: for two sets next to each other in a diff or an audit, where nothing is
         * declared. */
        .id = "WSPC004",
        .name = "removed-packages",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_STEP,
        .applies = IV_APPLIES_ALL,
        .check = check_removed,
        .summary = "No package may be removed between two versions of one firmware.",
        .why = WHY_SUPERSET,
        .remedy = "Bring the packages back, or put empty packages of those names in their place "
                  "(PkgGen projects with an empty Components element).",
        .message = "To be WSPC-compliant, you cannot remove a package. The following packages were "
                   "removed '{0}'.",
        .passes = "version 1: a, b; version 2: a, b, c",
        .fails = "version 1: a, b; version 2: a, c",
    },
    {
        /* Row 5: the document's emergency (no server, so a cached list) is how imgval always works.
         * The finding is kept as a note, so that a report says what it was judged with, and is not
         * counted. */
        .id = "WSPC005",
        .name = "cached-list",
        .severity = IV_NOTE,
        .uncounted = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_cached_list,
        .part = IV_PART_COMPARISON,
        .summary = "WSPC is judged from the local baseline store.",
        .why = "imgval opens no connection: what Microsoft has recorded since the store was last "
               "brought up to date is unknown to it.",
        .remedy = "Keep the store complete: record every baseline that you submit (imgval cache "
                  "add --baseline PATH).",
        .message = "Using a cached package list for validation because a connection to the server "
                   "cannot be established. '{0}'",
        .passes = "imgval scan --no-wspc firmware/v4",
        .fails = "imgval scan firmware/v4, with a baseline store: the note says what was used",
    },
    {
        /* Row 6: "while running on the client". The check was due and not made: incomplete. */
        .id = "WSPC006",
        .name = "no-baseline-store",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .also = IV_ALSO_REQUEST,
        .applies = WITH_WSPC,
        .check = check_no_store,
        .spoils = IV_PART_COMPARISON,
        .clause = "there is no baseline store",
        .part = IV_PART_COMPARISON,
        .summary = "There must be a baseline store to compare with.",
        .why = "Without recorded baselines nobody can tell whether a package was removed or "
               "renamed.",
        .remedy = "Record the baseline that devices have (imgval cache add --baseline PATH), name "
                  "its store with --cache=FILE, or skip the comparison with --no-wspc.",
        .message = "Could not retrieve the baseline package list while running on the client. A "
                   "WSPC compliance check cannot be performed.",
        .passes = "imgval scan --cache=baselines.db firmware/v4",
        .fails = "imgval scan firmware/v4, where no store was ever made",
    },
    {
        /* Row 7: the same "on a Windows server"; here, where the environment says CI. */
        .id = "WSPC007",
        .name = "no-baseline-store-ci",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .also = IV_ALSO_REQUEST,
        .applies = WITH_WSPC,
        .check = check_no_store_ci,
        .spoils = IV_PART_COMPARISON,
        .clause = "there is no baseline store",
        .part = IV_PART_COMPARISON,
        .summary = "A build server must have a baseline store to compare with.",
        .why = "Without recorded baselines nobody can tell whether a package was removed or "
               "renamed, and on a build server nobody looks.",
        .remedy = "Give the job the team's baseline store (--cache=FILE or IMGVAL_CACHE), or skip "
                  "the comparison with --no-wspc.",
        .message = "Could not retrieve the baseline package list while running on a Windows "
                   "server. A WSPC compliance check cannot be performed.",
        .passes = "CI=true imgval scan --cache=baselines.db firmware/v4",
        .fails = "CI=true imgval scan firmware/v4, where no store was ever made",
    },
    {
        /* Row 8: a package could not be loaded. It still counts as present, by its file name, so
         * that a damaged package is not reported as a removed one too. */
        .id = "WSPC008",
        .name = "unreadable-package",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_MALFORMED,
        .spoils = IV_PART_PACKAGES,
        .clause = "a package is malformed",
        .summary = "Every package must be readable: a whole cabinet with a well-formed manifest.",
        .why = "What cannot be read cannot be judged, signed or installed; the package counts as "
               "present under its file name.",
        .remedy = "Build or copy the package again; imgval inspect PATH shows how far it can be "
                  "read.",
        .message = "An exception was thrown while loading a package. {0} : {1}",
        .passes = "Contoso.BASE.MainOS.spkg with man.dsm.xml and content.cat",
        .fails = "a cabinet that is cut off, or holds no manifest",
    },
    {
        /* Row 9. STD006 fails in the same case; this one says what it costs: no comparison. */
        .id = "WSPC009",
        .name = "no-firmware-version",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_IMAGE,
        .check = check_firmware_version,
        .spoils = IV_PART_COMPARISON,
        .clause = "the image has no firmware version",
        .needs_metadata = true,
        .part = IV_PART_COMPARISON,
        .summary = "An image must carry its firmware version (PhoneFirmwareRevision).",
        .why = "The neighbouring baselines are found by version: without one WSPC cannot be "
               "evaluated.",
        .remedy = "Give --firmware-version=X.X.X.X or --device-info=FILE, put the targeting "
                  "package beside the image, or scan single packages with --type=partial.",
        .message = "Could not retrieve the firmware version of the submission.",
        .passes = "PhoneFirmwareRevision=3012.0.1610.4 in OEMSettings.reg",
        .fails = "an image whose metadata names no PhoneFirmwareRevision",
    },
    {
        /* Row 10: the service returned another number than one for a place in the order. */
        .id = "WSPC010",
        .name = "several-baselines",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_VARIANT,
        .applies = WITH_WSPC,
        .check = check_several,
        .spoils = IV_PART_COMPARISON,
        .clause = "several baselines stand at one version",
        .summary = "A POP must have one baseline for each version.",
        .why = "With two different package sets under one version nobody can tell which one "
               "devices have.",
        .remedy = "Find them with imgval cache list and keep one: imgval cache remove ID, or "
                  "imgval cache add --baseline --replace PATH.",
        .message = "There was an incorrect number of baseline submissions returned. Count: {0}",
        .passes = "one baseline 1.0.0.1 for CONTOSO, 000-88, CT-100",
        .fails = "two baselines 1.0.0.1 with different packages for one POP, after a merge",
    },
    {
        /* Row 11: what was compared with is a copy and not a submission that was judged. */
        .id = "WSPC011",
        .name = "imported-baseline",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_VARIANT,
        .applies = WITH_WSPC,
        .check = check_imported,
        .summary = "The baseline compared with should be a submission that imgval judged.",
        .why = "An imported list holds what somebody wrote down: often names alone, without "
               "versions and contents.",
        .remedy = "Record the submission itself (imgval cache add --baseline PATH) where you still "
                  "have it.",
        .message = "No submission results were returned so a cached copy is being used.",
        .passes = "a baseline recorded with imgval cache add --baseline",
        .fails = "a baseline recorded with imgval cache import --baseline",
    },
    {
        /* Row 12: one for each variant. Its own severity is never used (`severity_of`). */
        .id = "WSPC012",
        .name = "variant-not-compliant",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_VARIANT,
        .applies = WITH_WSPC,
        .check = check_variant,
        .summary = "Every variant (POP) of a submission must comply with its own baselines.",
        .why = "One submission may serve several POPs with different baselines; this names the "
               "ones that it fails.",
        .remedy = "Check that the submission is meant for this variant; if so, add the packages "
                  "that the finding about missing packages names.",
        .message = "The following variant is not WSPC compliant. OEM: {0}, Mobile operator: {1}, "
                   "OEM device name: {2}.",
        .passes = "all packages of every variant's baseline are in the submission",
        .fails = "two operators with different baselines, one of which has a package more",
    },
    {
        /* Row 13: there is a store, and it does not answer. */
        .id = "WSPC013",
        .name = "unreadable-store",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_unreadable_store,
        .spoils = IV_PART_COMPARISON,
        .clause = "the baseline store cannot be read",
        .part = IV_PART_COMPARISON,
        .summary = "The baseline store must be readable.",
        .why = "A damaged or truncated store must never look like a first baseline.",
        .remedy = "Check it with imgval cache verify, and bring back a copy of the one file if it "
                  "is damaged; a locked store only needs another try.",
        .message = "Could not get baseline package lists online for validation because connection "
                   "to server cannot be established. Error: '{0}'",
        .passes = "a store that imgval cache verify finds whole",
        .fails = "a file of zero bytes, or one that is no SQLite database",
    },
    {
        /* Row 14: the right answer for the first baseline of a phone, a mistake for every other
         * one. Its remedy is shown even with -q, because only a person can tell the two apart. */
        .id = "WSPC014",
        .loud = true,
        .name = "first-baseline",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_VARIANT,
        .applies = WITH_WSPC,
        .check = check_first,
        .summary = "A POP without a baseline has nothing to be compared with.",
        .why = "For the first baseline of a POP that is right; otherwise the submission may target "
               "the wrong variant.",
        .remedy = "If this is the first baseline of the POP, record it (imgval cache add "
                  "--baseline PATH); otherwise check manufacturer, operator and model.",
        .message =
            "No baseline submission result returned, this must be the first and new baseline "
            "submission for this POP.",
        .passes = "a POP with a baseline in the store",
        .fails = "the first submission for CONTOSO, 000-88, CT-100",
    },
    {
        /* Row 15: a copy that may be out of date. Judged only where the site gave an age. */
        .id = "WSPC015",
        .name = "old-list",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_VARIANT,
        .applies = WITH_WSPC,
        .check = check_old_list,
        .summary = "The baselines of the POP should not be older than --max-cache-age allows.",
        .why = "Somebody may have submitted a baseline that this store has not heard of.",
        .remedy = "Bring the store up to date with imgval cache merge or imgval cache import.",
        .message = "Could not retrieve the latest baseline package list through partner service. "
                   "Client local cache is used instead.",
        .passes = "imgval scan --max-cache-age=30, the POP was touched last week",
        .fails = "imgval scan --max-cache-age=30, the POP was touched last year",
    },
    {
        /* Not in the document: for pipelines, which must not take an empty store for a first
         * release. */
        .id = "WSPC016",
        .name = "baseline-required",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_VARIANT,
        .applies = WITH_WSPC,
        .check = check_required,
        .summary = "Where a baseline is required, every variant must have a recorded one.",
        .why = "A gate that compares with nothing lets everything through: a misspelt operator or "
               "an empty store would look like a first baseline.",
        .remedy = "Record the baseline that devices have (imgval cache add --baseline PATH), name "
                  "the right store with --cache=FILE, or correct manufacturer, operator and model.",
        .message = "No baseline is recorded for this variant, and one is required "
                   "(--require-baseline, or the policy). {0}",
        .passes = "imgval scan --require-baseline firmware/v4, after imgval cache add --baseline "
                  "firmware/v3",
        .fails = "imgval scan --require-baseline firmware/v4, with a store that has no baseline of "
                 "this variant",
    },
};

const struct iv_rules iv_rules_wspc = {.rows = rows, .count = IV_COUNT(rows)};
