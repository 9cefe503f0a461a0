/*
 * A plan in two lists. Packages to add: what the submission lacks against an older baseline or one
 * of its own version, once for each key, as an empty project that keeps the name alive. Obstacles:
 * everything that adding cannot fix, with the reason, so that nobody takes the plan for complete: a
 * later baseline that lacks the package, a name that no project can have, a variant that could not
 * be compared.
 */
#include "imgval/model/fix.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

/* The plan so far; `obstacles` grow, `packages` have room for every wish. */
struct planning {
    const struct iv_submission *submission;
    struct iv_arena *arena;
    struct iv_fix fix;
    size_t obstacle_capacity;
};

/* A package that some baseline asks for. */
struct wish {
    const struct iv_package *package;
    const struct iv_baseline *from;
};

static void add_obstacle(struct planning *p, const char *name, const char *reason)
{
    p->fix.obstacles = iv_arena_grow(p->arena, p->fix.obstacles, p->fix.obstacle_count,
                                     &p->obstacle_capacity, sizeof(*p->fix.obstacles));
    p->fix.obstacles[p->fix.obstacle_count++] =
        (struct iv_fix_obstacle){.name = name, .reason = reason};
}

static const char *variant_name(struct planning *p, const struct iv_pop *pop)
{
    return iv_arena_printf(p->arena, "%s/%s/%s", pop->oem, pop->mobile_operator, pop->model);
}

/* ---- which packages -------------------------------------------------------------------------- */

static int compare_wish(const void *a, const void *b)
{
    const struct wish *x = a;
    const struct wish *y = b;
    int order = strcmp(x->package->key, y->package->key);
    return order != 0 ? order : strcmp(x->from->id, y->from->id);
}

/* Everything that is missing against an older baseline or one of the same version, each key once.
 */
static struct wish *collect_wishes(struct planning *p, size_t *ret_count)
{
    const struct iv_submission *s = p->submission;
    size_t room = 0;
    for (size_t i = 0; i < s->variant_count; i++) {
        for (size_t k = 0; k < s->variants[i].wspc.failure_count; k++) {
            room += s->variants[i].wspc.failures[k].missing_count;
        }
    }
    struct wish *wishes = IV_NEW_ARRAY(p->arena, struct wish, room + 1);
    size_t count = 0;
    for (size_t i = 0; i < s->variant_count; i++) {
        for (size_t k = 0; k < s->variants[i].wspc.failure_count; k++) {
            const struct iv_comparison *failure = &s->variants[i].wspc.failures[k];
            for (size_t m = 0; failure->direction != IV_NEWER && m < failure->missing_count; m++) {
                wishes[count++] =
                    (struct wish){.package = failure->missing[m], .from = failure->against};
            }
        }
    }

    /* Of several baselines that ask for a package the one with the first id is named. */
    iv_sort(wishes, count, sizeof(*wishes), compare_wish);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (used == 0 || strcmp(wishes[used - 1].package->key, wishes[i].package->key) != 0) {
            wishes[used++] = wishes[i];
        }
    }
    *ret_count = used;
    return wishes;
}

/* A later baseline of some variant that lacks the package: adding it would break that one. */
static bool conflicts(struct planning *p, const struct wish *wish)
{
    const struct iv_submission *s = p->submission;
    for (size_t i = 0; i < s->variant_count; i++) {
        const struct iv_baseline *newer = s->variants[i].wspc.newer;
        if (newer != NULL && iv_set_find(&newer->set, wish->package->key) == NULL) {
            add_obstacle(
                p, iv_package_shown_name(wish->package),
                iv_arena_printf(p->arena,
                                "the baseline %.12s (version %s) asks for it, but the later "
                                "baseline %.12s (version %s) of %s does not have it: with the "
                                "package the submission fails there. Submit the variants apart, or "
                                "give this one a version above that baseline",
                                wish->from->id,
                                wish->from->firmware_version != NULL ? wish->from->firmware_version
                                                                     : "not known",
                                newer->id,
                                newer->firmware_version != NULL ? newer->firmware_version
                                                                : "not known",
                                variant_name(p, &s->variants[i].pop)));
            return true;
        }
    }
    return false;
}

/* ---- one project ----------------------------------------------------------------------------- */

/* What file names and build tools take without quoting. */
static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        bool other = (*c >= '0' && *c <= '9') || *c == '.' || *c == '_' || *c == '-';
        if (!letter && !other) {
            return false;
        }
    }
    return text[0] != '\0' && text[0] != '.' && text[0] != '-';
}

/* Satellites are named <package>_Lang_<language> or <package>_Res_<resolution> (imgval-formats(5),
 * Keys). */
static bool is_satellite(const char *key)
{
    return iv_ascii_ifind(key, "_lang_") != NULL || iv_ascii_ifind(key, "_res_") != NULL;
}

/* Whether the identity that was recorded composes to the key that the comparison goes by. */
static bool has_identity(struct planning *p, const struct iv_package *package)
{
    struct iv_package bare = {.owner = package->owner,
                              .component = package->component,
                              .sub_component = package->sub_component};
    return iv_ascii_ieq(iv_package_composed_name(p->arena, &bare), package->key);
}

/* Owner.Component.SubComponent: the first two dots part them; what follows is the rest. */
static bool split_name(struct planning *p, const char *name, struct iv_fix_package *project)
{
    const char *dot = strchr(name, '.');
    if (dot == NULL || dot == name || dot[1] == '\0' || dot[1] == '.') {
        return false;
    }
    const char *second = strchr(dot + 1, '.');
    project->derived = true;
    project->owner = iv_arena_strndup(p->arena, name, (size_t)(dot - name));
    project->component =
        second == NULL ? dot + 1 : iv_arena_strndup(p->arena, dot + 1, (size_t)(second - dot) - 1);
    project->sub_component = second == NULL ? NULL : second + 1;
    return second == NULL || second[1] != '\0';
}

/* An empty text counts as none. */
static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL && text[0] != '\0' ? text : otherwise;
}

/* Why no project can be written for the package; NULL: it was filled in. */
static const char *fill_project(struct planning *p, const struct wish *wish,
                                struct iv_fix_package *project)
{
    const struct iv_package *package = wish->package;
    *project = (struct iv_fix_package){
        .package = package,
        .from = wish->from,
        .name = iv_package_shown_name(package),
        .partition = or_else(package->partition, "MainOS"),
        .owner_type = or_else(package->owner_type, "OEM"),
        .release_type = or_else(package->release_type, "Production"),
    };
    if (is_satellite(package->key)) {
        return "it is a language or resolution satellite: PkgGen makes those from files of the "
               "package that they belong to, so no empty project of that name can be built. Bring "
               "the files of that language or resolution back";
    }
    if (!is_plain(project->name) || !is_plain(project->partition)) {
        return "its name or partition holds characters that no project can be named with";
    }
    if (has_identity(p, package)) {
        project->owner = package->owner;
        project->component = package->component;
        project->sub_component = or_else(package->sub_component, NULL);
    } else if (!split_name(p, project->name, project)) {
        return "its name does not have the parts Owner.Component[.SubComponent] that a project "
               "composes a name from";
    }
    return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* One wish: a package of the plan, or an obstacle that says why it is none. */
static void plan_package(struct planning *p, const struct wish *wish)
{
    struct iv_fix_package project;
    if (conflicts(p, wish)) {
        return;
    }
    const char *why = fill_project(p, wish, &project);
    if (why != NULL) {
        add_obstacle(p, iv_package_shown_name(wish->package), why);
        return;
    }
    p->fix.packages[p->fix.package_count++] = project;
}

/* A later baseline lacks packages of the submission: an obstacle for each, since something must
 * go and nothing can be added. */
static void note_newer(struct planning *p, const struct iv_variant *variant,
                       const struct iv_comparison *failure)
{
    for (size_t m = 0; m < failure->missing_count; m++) {
        add_obstacle(p, iv_package_shown_name(failure->missing[m]),
                     iv_arena_printf(p->arena,
                                     "the later baseline %.12s (version %s) of %s does not have "
                                     "it, so no package that is added here helps. Remove it from "
                                     "the submission, or give the submission a version above that "
                                     "baseline",
                                     failure->against->id,
                                     failure->against->firmware_version != NULL
                                         ? failure->against->firmware_version
                                         : "not known",
                                     variant_name(p, &variant->pop)));
    }
}

void iv_fix_build(const struct iv_submission *submission, struct iv_arena *arena,
                  struct iv_fix *ret_fix)
{
    struct planning p = {.submission = submission, .arena = arena};
    size_t count;
    struct wish *wishes = collect_wishes(&p, &count);
    p.fix.packages = IV_NEW_ARRAY(arena, struct iv_fix_package, count + 1);
    for (size_t i = 0; i < count; i++) {
        plan_package(&p, &wishes[i]);
    }
    for (size_t i = 0; i < submission->variant_count; i++) {
        const struct iv_variant *variant = &submission->variants[i];
        if (variant->wspc.status == IV_WSPC_NOT_EVALUATED) {
            add_obstacle(
                &p, variant_name(&p, &variant->pop),
                or_else(submission->wspc_reason, "it could not be compared: see imgval scan"));
        }
        for (size_t k = 0; k < variant->wspc.failure_count; k++) {
            if (variant->wspc.failures[k].direction == IV_NEWER) {
                note_newer(&p, variant, &variant->wspc.failures[k]);
            }
        }
    }
    *ret_fix = p.fix;
}
