/*
 * What a submission is made of (IMG001..IMG013, IMG301..IMG305): entries that could not be read,
 * packages that do not fit together, and the metadata beside them.
 *
 * Fault rows report what a reader could not read. Most of them mean "not checked" (`incomplete`):
 * such a finding makes the verdict incomplete and can never be waived, because what was not read
 * may hold anything. `spoils` says how far the doubt reaches, and rules that look at that part are
 * not evaluated instead of passed.
 *
 * Check rows look at the packages and at the metadata as a whole. They are imgval's own rules,
 * found where real sets went wrong.
 */
#include "imgval/base/text.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/kinds.h"
#include "rules/rules.h"
#include "rules/wording.h"

#include <string.h>

#define WITH_METADATA (IV_APPLIES_IMAGE | IV_APPLIES_CONTEXTUAL)

/* IMG001. The set holds the first package of each key; every other one of that key is extra.
 * `x.spkg` and `x.cab` are one package (the document says so), so a folder with both of them is
 * ambiguous. `has_no_twins` is known when the set is built and spares the look-up of each
 * package. */
static enum iv_outcome check_duplicate(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    if (c->submission->has_no_twins) {
        return IV_PASSED;
    }
    const struct iv_package *first =
        p->removal || p->key == NULL ? NULL : iv_set_find(&c->submission->set, p->key);
    if (first == NULL || first == p || first->path == NULL || p->path == NULL ||
        strcmp(first->path, p->path) == 0) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict,
                                     "%s and %s are both the package %s; it counts once, as the "
                                     "first of them says",
                                     first->path, p->path, iv_package_shown_name(first)),
        .remedy =
            iv_verdict_printf(verdict, "Keep one of them: remove %s or %s.", first->path, p->path),
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* How a package beside an image differs from the image's own; NULL: it does not. Only what an
 * update would act upon is compared, and the first difference is enough. */
static const char *difference(const struct iv_package *own, const struct iv_package *beside,
                              struct iv_verdict *verdict)
{
    if (own == NULL) {
        return "the image lacks it";
    }
    if (iv_version_compare(own->number, beside->number) != 0) {
        return iv_verdict_printf(verdict, "the image has it in version %s, not %s",
                                 own->version == NULL ? "0.0.0.0" : own->version,
                                 beside->version == NULL ? "0.0.0.0" : beside->version);
    }
    if (!iv_ascii_ieq(iv_package_partition(own), iv_package_partition(beside))) {
        return iv_verdict_printf(verdict, "the image has it in the partition %s, not %s",
                                 iv_package_partition(own), iv_package_partition(beside));
    }
    if (own->binary_partition != beside->binary_partition) {
        return own->binary_partition ? "in the image it is flagged as a binary partition package"
                                     : "in the image it is not flagged as a binary partition "
                                       "package";
    }
    return beside->removal ? "it removes a package that the image has" : NULL;
}

/* One package beside the image. What could not be read on either side is not known to differ. */
static enum iv_outcome judge_beside(const struct iv_submission *s, const struct iv_package *beside,
                                    struct iv_verdict *verdict)
{
    const struct iv_package *own = iv_set_find(&s->set, beside->key);
    if (beside->unreadable || (own == NULL ? s->set_incomplete : own->unreadable)) {
        return IV_NOT_EVALUATED;
    }
    const char *clause = difference(own, beside, verdict);
    if (clause == NULL) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "%s lies with the image and differs from it: %s",
                                     iv_package_shown_name(beside), clause),
        .path = beside->path,
        .package_name = iv_package_shown_name(beside),
        .key = beside->key,
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* IMG011. An image builder leaves the targeting package and others beside its image; what is
 * submitted is the image, so a package that was changed there alone changes nothing. Beside several
 * images nobody can tell of which one a package is. The outcome is the worst of all packages. */
static enum iv_outcome check_beside(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    enum iv_outcome outcome = IV_NOT_APPLICABLE;
    if (!iv_kinds[s->kind].is_image || s->beside_is_shared) {
        return IV_NOT_APPLICABLE;
    }
    for (size_t i = 0; i < s->beside_count; i++) {
        enum iv_outcome one = judge_beside(s, &s->beside[i], verdict);
        bool is_worse = one == IV_FAILED || outcome == IV_NOT_APPLICABLE ||
                        (one == IV_NOT_EVALUATED && outcome == IV_PASSED);
        outcome = is_worse ? one : outcome;
    }
    return outcome;
}

/* Equal names, or names of which one alone carries the language of the package: CBS keeps it in the
 * identity. */
static bool is_same_name(const struct iv_package *p, const char *stem, const char *name)
{
    static const char mark[] = "_lang_";
    if (iv_ascii_ieq(stem, name)) {
        return true;
    }
    const char *stem_lang = iv_ascii_ifind(stem, mark);
    const char *name_lang = iv_ascii_ifind(name, mark);
    if ((stem_lang != NULL) == (name_lang != NULL)) {
        return false;
    }
    const char *longer = stem_lang != NULL ? stem : name;
    const char *shorter = stem_lang != NULL ? name : stem;
    const char *lang = stem_lang != NULL ? stem_lang : name_lang;
    return strlen(shorter) == (size_t)(lang - longer) && iv_ascii_iprefix(longer, shorter) &&
           (p->culture == NULL || iv_ascii_ieq(lang + strlen(mark), p->culture));
}

/* The same for a package built for a guest processor: file names say _Wow_arm64.arm or .Guest, the
 * identity says so in an attribute of its own. */
static bool is_same_guest_name(const struct iv_package *p, const char *stem, const char *name,
                               struct iv_arena *arena)
{
    const char *mark = iv_ascii_ifind(stem, "_wow_");
    if (p->cpu == NULL || strchr(p->cpu, '.') == NULL) {
        return false;
    }
    if (mark == NULL && iv_ascii_isuffix(stem, ".guest")) {
        mark = stem + strlen(stem) - strlen(".guest");
    }
    return mark != NULL &&
           is_same_name(p, iv_arena_strndup(arena, stem, (size_t)(mark - stem)), name);
}

/* IMG002. WSPC pairs packages by file name where there is a file, so a name that is not in the
 * manifest in any form may pair the wrong ones. A name is right when it is any of the three that a
 * manifest gives. Extracted and installed packages take their name from the manifest. */
static enum iv_outcome check_name(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    const char *file = iv_rules_file_name(p->path);
    if (p->container != IV_CONTAINER_CABINET || file == NULL) {
        return IV_NOT_APPLICABLE;
    }
    if (p->unreadable) {
        return IV_NOT_EVALUATED;
    }
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const char *stem = iv_package_stem(&scratch, file);
    const char *const names[] = {p->identifier, p->identity_name,
                                 iv_package_composed_name(&scratch, p)};
    const char *said = NULL;
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        if (names[i] == NULL || names[i][0] == '\0') {
            continue;
        }
        if (is_same_name(p, stem, names[i]) || is_same_guest_name(p, stem, names[i], &scratch)) {
            return IV_PASSED;
        }
        said = said != NULL ? said : names[i];
    }
    if (said == NULL) {
        return IV_NOT_APPLICABLE;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "%s is named %s, but its manifest says %s", file,
                                     stem, said),
        .remedy = iv_verdict_printf(verdict,
                                    "Rename the file to %s with its extension, or correct the "
                                    "identity in the manifest; WSPC compares by the file's name.",
                                    said),
        .field = "name",
        .actual = iv_verdict_printf(verdict, "%s", stem),
        .expected = iv_verdict_printf(verdict, "%s", said),
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* IMG003. A diff holds what changed since one version of the package; nothing else can be built
 * from it. By the manifest, or by the extension where that cannot be read. */
static enum iv_outcome check_diff(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    const char *file = iv_rules_file_name(p->path);
    bool by_name =
        p->container == IV_CONTAINER_CABINET && file != NULL && iv_package_is_diff_name(file);
    if (!p->diff && !by_name) {
        return p->unreadable ? IV_NOT_EVALUATED : IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message =
            iv_verdict_printf(verdict, "%s is a diff package; a submission needs the whole package",
                              iv_package_shown_name(p)),
        .field = "diff",
        .actual = "true",
        .expected = "false",
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* Whether a package of the history must be here. A directory holds the OEM's packages: those that
 * Microsoft owns lie elsewhere, and WSPC does not ask for them. An image file holds all of them. */
static bool is_expected(const struct iv_case *c, const struct iv_package *entry)
{
    bool whole = iv_kinds[c->submission->kind].is_image;
    return whole || c->run->all_owners || !iv_package_is_microsoft(entry);
}

/* IMG010. Packages of the history's final state that are not there: part of the set was not copied,
 * or was removed since. It means "not checked": a set that lacks packages because a copy went wrong
 * must not be recorded or compared. Nothing can be said where the history itself is in doubt. */
static enum iv_outcome check_history_package(const struct iv_case *c, struct iv_verdict *verdict)
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
        if (entry->removal || entry->key == NULL || !is_expected(c, entry) ||
            iv_set_find(&s->set, entry->key) != NULL) {
            continue;
        }
        const struct iv_evidence evidence = {
            .message =
                iv_verdict_printf(verdict,
                                  "The update history names the package %s%s%s, which is "
                                  "not in the submission",
                                  iv_package_shown_name(entry), entry->version != NULL ? " " : "",
                                  entry->version != NULL ? entry->version : ""),
            .path = s->history.path,
            .package_name = iv_package_shown_name(entry),
            .key = entry->key,
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* ---- metadata ------------------------------------------------------------------------------ */

/* What a source says of a value, for "NAME is ... in SOURCE". */
static const char *said(struct iv_verdict *verdict, const char *value)
{
    return value == NULL ? "deleted" : iv_verdict_printf(verdict, "\"%s\"", value);
}

/* One check for two rows: the row's argument is what follows the two values. A value may be deleted
 * in one source (a .reg file with a minus sign), which is something that it says. */
static enum iv_outcome report_conflicts(const struct iv_case *c, struct iv_verdict *verdict,
                                        const struct iv_device_conflict *conflicts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct iv_datum *winner = conflicts[i].winner;
        const struct iv_datum *other = conflicts[i].other;
        const struct iv_evidence evidence = {
            .message =
                iv_verdict_printf(verdict, "%s is %s in %s, but %s in %s: %s", winner->name,
                                  said(verdict, winner->value), winner->source,
                                  said(verdict, other->value), other->source, c->rule->argument),
            .field = winner->name,
            .actual = other->value,
            .expected = winner->value,
        };
        iv_verdict_fail(verdict, &evidence);
    }
    return count > 0 ? IV_FAILED : IV_PASSED;
}

/* IMG301. A value that loses against one of higher rank: the device gets the winner, which may
 * surprise whoever edited the other one. */
static enum iv_outcome check_overridden(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_device *device = &c->submission->device;
    return report_conflicts(c, verdict, device->overridden, device->overridden_count);
}

/* IMG302. Values of equal rank: nobody can say which the device gets, so there is no version or POP
 * to compare with. */
static enum iv_outcome check_conflict(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_device *device = &c->submission->device;
    return report_conflicts(c, verdict, device->conflicts, device->conflict_count);
}

/* IMG304. A history without a complete event has no final state to overlay a partial on. */
static enum iv_outcome check_history_complete(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_history *history = &c->submission->history;
    if (!history->present) {
        return IV_NOT_APPLICABLE;
    }
    if (history->complete) {
        return IV_PASSED;
    }
    if (iv_rules_has_fault(c->submission, history->path)) {
        return IV_NOT_EVALUATED; /* the event may stand where nothing could be read */
    }
    const struct iv_evidence evidence = {
        .message = "The update history holds no event with the state \"Update Complete\", so the "
                   "final state of its packages is not known",
        .path = history->path,
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

static const struct iv_rule rows[] = {
    {
        /* Packages that do not fit together. */
        .id = "IMG001",
        .name = "duplicate-package",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_duplicate,
        .summary = "A package must stand in a submission once: names that differ only in case or "
                   "in the extension (.spkg, .cab) are one package.",
        .why = "SPKG packages become CAB packages on the device, so only one of the two would "
               "arrive; it counts once here too.",
        .remedy = "Keep one of the two and remove the other.",
        .alias =
            {"{0} and {1} are both the package {2}; it counts once, as the first of them says"},
        .passes = "x.spkg, y.cab",
        .fails = "x.spkg, x.cab",
    },
    {
        .id = "IMG002",
        .name = "name-mismatch",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_name,
        .summary = "A package file must be named after the package that its manifest describes.",
        .why = "WSPC compares file names: a file under a wrong name looks like one package removed "
               "and another one added.",
        .remedy = "Rename the file, or correct the identity in its manifest.",
        .alias = {"{0} is named {1}, but its manifest says {2}"},
        .passes = "Contoso.BASE.MainOS.spkg with Owner Contoso, Component BASE, SubComponent "
                  "MainOS",
        .fails = "Camera.spkg with Owner Contoso, Component BASE, SubComponent MainOS",
    },
    {
        .id = "IMG003",
        .name = "diff-package",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_diff,
        .spoils = IV_PART_PACKAGES,
        .clause = "a diff package does not say what the whole one holds",
        .summary = "A submission is made of whole packages, not of diff packages.",
        .why = "A diff package (SPKU) holds the way from one version to another; nobody can build "
               "an image from it.",
        .remedy = "Submit the whole package (.spkg or .cab) of the target version instead.",
        .alias = {"{0} is a diff package; a submission needs the whole package"},
        .passes = "Contoso.BASE.MainOS.spkg",
        .fails = "Contoso.BASE.MainOS.spku, or a package with dman.ddsm.xml in it",
    },
    {
        /* What was not read. Each names its entry and its reason in the message. */
        .id = "IMG004",
        .name = "unreadable-entry",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_UNREADABLE,
        .message = "The entry {0} of the submission could not be read: {1}",
        .spoils = IV_PART_ALL,
        .clause = "a file or directory could not be read",
        .summary = "Every file of the submission must be readable and stay unchanged while it is "
                   "read.",
        .why = "What was not read was not judged, so the result would not be about the whole "
               "submission.",
        .remedy = "Give read permission, check the disk, wait until nothing writes to the "
                  "submission, and scan again.",
        .passes = "a tree that the user may read and nobody writes to",
        .fails = "a folder without read permission, or a file that vanished during the scan",
    },
    {
        .id = "IMG005",
        .name = "limit-exceeded",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_LIMIT,
        .message = "A limit was exceeded while reading {0}: {1}",
        .spoils = IV_PART_ALL,
        .clause = "a limit was exceeded",
        .summary = "Every file must stay within the limits of imgval.",
        .why = "The limits keep hostile files from taking all time and memory; real firmware stays "
               "far below them.",
        .remedy = "Look at the file with care: if it is genuine, report it, for the limit is then "
                  "too low.",
        .passes = "a manifest of 200 KB",
        .fails = "a manifest of 9 MB, or a cabinet that inflates without end",
    },
    {
        .id = "IMG006",
        .name = "not-a-regular-file",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_NOT_REGULAR,
        .message = "The entry {0} has the name of a package, an image or device metadata and is no "
                   "regular file: {1}",
        .spoils = IV_PART_PACKAGES | IV_PART_COMPARISON,
        .clause = "a package is not a regular file",
        .summary = "An entry with the name of a package, an image or device metadata must be a "
                   "regular file, or an extracted folder.",
        .why = "Links are not followed, for they may lead out of the submission; so this entry "
               "was not read. Links of other names are no part of the submission.",
        .remedy = "Put the file itself in the place of the link.",
        .passes = "Contoso.BASE.MainOS.spkg as a file",
        .fails = "Contoso.BASE.MainOS.spkg as a symbolic link",
    },
    {
        .id = "IMG007",
        .name = "reader-died",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_READER_DIED,
        .message = "The reader process ended while it was reading {0}: {1}",
        .spoils = IV_PART_ALL,
        .clause = "a reader process died",
        .summary = "Every file must be read by a reader process that comes to its end.",
        .why = "A file that makes a reader crash or hang was not judged, and may be an attack.",
        .remedy = "Scan the file alone; if it happens again, report it together with the file.",
        .passes = "a file whose reader answers",
        .fails = "a file on which the reader crashes, hangs or runs out of memory",
    },
    {
        .id = "IMG008",
        .name = "unsupported",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_UNSUPPORTED,
        .message = "The file {0} is recognised, but this build of imgval cannot read it: {1}",
        .spoils = IV_PART_ALL,
        .clause = "this build cannot read a file",
        .summary = "Every file must have a form that this build of imgval can read.",
        .why = "What was not read was not judged.",
        .remedy =
            "Convert the file to a supported form, or use a build of imgval that reads it. Of "
            "an archive: unpack it, and name the folder.",
        .passes = "a cabinet compressed with LZX or MSZIP; a zip archive whose members are stored "
                  "or deflated; a tar archive",
        .fails = "a cabinet with Quantum compression; an encrypted archive, or one whose two "
                 "directories disagree; an image in an archive",
    },
    {
        .id = "IMG009",
        .name = "member-missing",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_MEMBER_MISSING,
        .message = "The package {0} lacks a file that its manifest lists: {1}",
        .summary = "A package must hold every file that its manifest lists.",
        .why = "The device refuses a package whose manifest names files that are not there.",
        .remedy = "Build the package again.",
        .passes = "man.dsm.xml lists 2_Camera.dll, and the cabinet holds it",
        .fails = "man.dsm.xml lists 2_Camera.dll, and the cabinet does not hold it",
    },
    {
        .id = "IMG010",
        .name = "history-package-missing",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_IMAGE,
        .check = check_history_package,
        .spoils = IV_PART_COMPARISON,
        .clause = "a package of the history is not here",
        .summary = "Every package that the update history ends with must be in the image.",
        .why = "A package that is in the image but not in the input was not judged, and its "
               "absence would look like a removal.",
        .remedy = "Add the package to the input, or use the UpdateHistory.xml of this very image.",
        .alias = {"The update history names the package {0}, which is not in the submission"},
        .passes = "the history ends with a, b; the submission holds a, b",
        .fails = "the history ends with a, b; the submission holds a",
    },
    {
        .id = "IMG011",
        .name = "beside-differs",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .check = check_beside,
        .summary = "Every package beside or below an image must be in the image, in the same "
                   "version and partition and with the same flags.",
        .why = "The set is what is in the image. A package that lies with it and differs was left "
               "out of the image, or the image was not built again.",
        .remedy = "Build the image again with the package, or take the package out of the folder.",
        .alias = {"{0} lies with the image and differs from it: {1}"},
        .passes = "Contoso.Camera 1.0.0.2 beside phone.ffu, which has Contoso.Camera 1.0.0.2",
        .fails = "Contoso.Camera 1.0.0.2 beside phone.ffu, which has Contoso.Camera 1.0.0.1",
    },
};

const struct iv_rules iv_rules_image = {.rows = rows, .count = IV_COUNT(rows), .advisory = true};

static const struct iv_rule metadata_rows[] = {
    {
        /* Names in the tree. */
        .id = "IMG012",
        .name = "not-a-package",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_NOT_PACKAGE,
        .message = "The cabinet {0} is no package and no member of the set: {1}",
        .summary = "A .cab file of the submission must be a package.",
        .why = "Cabinets of other kinds lie in the sources of firmware. One that was meant to be a "
               "package is missing from the set.",
        .remedy = "Take the cabinet out of the submission, or build the package again.",
        .passes = "Contoso.Camera.cab with update.mum in it",
        .fails = "drivers.cab that holds drivers and no manifest",
    },
    {
        .id = "IMG013",
        .name = "case-twins",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_TWINS,
        .message = "The name {0} and another one differ in case alone: {1}",
        .summary =
            "No two folders, and no two packages, manifests, metadata files, hives or images "
            "of one folder may differ in case alone; nor may two keys of a hive.",
        .why = "On a device they are one name: one of the two hides the other, and nobody can tell "
               "which one counts. Both are read.",
        .remedy = "Rename or remove one of the two.",
        .passes = "Windows, and windows-old beside it",
        .fails = "Windows and WINDOWS in one folder",
    },
    {
        /* Sources of device metadata, and what they say of each other. */
        .id = "IMG301",
        .name = "metadata-overridden",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_METADATA,
        .check = check_overridden,
        .argument = "the first one counts",
        .summary = "All sources of device metadata should say the same.",
        .why = "The source of higher rank wins; the other one may be what the device really gets.",
        .remedy = "Correct the source of lower rank, or the option that overrides it.",
        .alias = {"{0} is {1} in {2}, but {3} in {4}: the first one counts"},
        .passes = "one PhoneManufacturer in the targeting package and in the answer file",
        .fails = "--manufacturer=CONTOSO, and NORTHWIND in the targeting package",
    },
    {
        .id = "IMG302",
        .name = "metadata-conflict",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_METADATA,
        .check = check_conflict,
        .argument = "neither of them can be preferred",
        .spoils = IV_PART_COMPARISON | IV_PART_DEVICE,
        .clause = "sources of device metadata disagree",
        .summary = "Sources of device metadata of equal rank must say the same.",
        .why = "Nobody can tell which value the device gets, so neither the value nor WSPC can be "
               "judged.",
        .remedy = "Correct the source that is wrong, or settle it with --manufacturer, --model, "
                  "--operator, --firmware-version or --device-info=FILE.",
        .alias = {"{0} is {1} in {2}, but {3} in {4}: neither of them can be preferred"},
        .passes = "one targeting package",
        .fails = "two targeting packages with different values of PhoneFirmwareRevision",
    },
    {
        .id = "IMG303",
        .name = "metadata-unreadable",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_METADATA,
        .fault = IV_FAULT_METADATA,
        .message = "The device metadata in {0} could not be read: {1}",
        .spoils = IV_PART_COMPARISON | IV_PART_DEVICE,
        .clause = "a source of device metadata is malformed",
        .summary = "Every source of device metadata must be well-formed.",
        .why = "A value that could not be read may differ from the one that was used.",
        .remedy = "Correct the file at the place that is named, or take it out of the submission.",
        .passes = "an UpdateHistory.xml that is well-formed",
        .fails = "an UpdateHistory.xml that is cut off",
    },
    {
        .id = "IMG304",
        .name = "history-not-complete",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_METADATA,
        .check = check_history_complete,
        .spoils = IV_PART_COMPARISON,
        .clause = "the update history is not complete",
        .summary = "An update history must hold an event with the state Update Complete.",
        .why = "Only complete events say what is on the device; without one the package set is not "
               "known.",
        .remedy = "Use the UpdateHistory.xml that the image builder wrote after it was done.",
        .alias =
            {"The update history holds no event with the state \"Update Complete\", so the final "
             "state of its packages is not known"},
        .passes = "<UpdateState>Update Complete</UpdateState>",
        .fails = "<UpdateState>Staging</UpdateState> in every event",
    },
    {
        .id = "IMG305",
        .name = "hive-not-closed",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_METADATA,
        .fault = IV_FAULT_NOT_CLOSED,
        .message = "The registry hive {0} was not closed: {1}",
        .summary = "A registry hive should have been closed before the image was made of it.",
        .why = "Its two sequence numbers differ, as while it is written to. Its values are read as "
               "they stand; a change that was not written is lost on the device as well.",
        .remedy = "Let the system that uses the hive unload it, and build the image again.",
        .passes = "a SYSTEM hive whose two sequence numbers are equal",
        .fails = "a SYSTEM hive that was copied while it was in use, without its logs",
    },
    {
        .id = "IMG306",
        .name = "metadata-elsewhere",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_METADATA,
        .fault = IV_FAULT_ELSEWHERE,
        .message = "The device metadata in {0} do not count: {1}",
        .summary = "What describes the device of an image must lie beside the image.",
        .why =
            "Files below the folder of an image, a history or OEMInput.xml with the name of "
            "another image, and a second OEMInput.xml say nothing about the submission: one that "
            "was meant to is not judged.",
        .remedy = "Put the file beside the image, name it with --update-history, --oem-input or "
                  "--device-info, or take it away.",
        .passes = "phone.ffu with phone.UpdateHistory.xml and OEMInput.xml in one folder",
        .fails = "phone.ffu in a folder, and OEMInput.xml in another one below it",
    },
};

const struct iv_rules iv_rules_metadata = {
    .rows = metadata_rows, .count = IV_COUNT(metadata_rows), .advisory = true};
