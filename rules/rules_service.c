/*
 * The service's further rules (SVC...): what Microsoft's documents ask of a submission beyond the
 * nine validations and WSPC. That ImgVal enforced one of them is said nowhere: each is a warning or
 * a note and never an error, and its row names the document in `why`. Numbers that are missing are
 * rules that other families judge or that nothing here can judge. Device values: service_values.c.
 *
 * SVC001, SVC005 and SVC026 compare with the baseline before, like ADV rules, and are not
 * applicable where nothing was recorded: an old record without traits is no change. SVC002 is about
 * requests for update, where SVC001 and SVC005 compare source and target.
 */
#include "imgval/base/text.h"
#include "imgval/model/request.h"
#include "imgval/model/traits.h"
#include "rules/rules.h"
#include "rules/service_values.h"
#include "rules/traits_text.h"
#include "rules/wording.h"

#include <inttypes.h>
#include <string.h>

#define WITH_WSPC (IV_APPLIES_IMAGE | IV_APPLIES_CONTEXTUAL)

/* ---- against the baseline before ----------------------------------------------------------- */

/* The older baseline of variant *at or of a later one, each once; NULL at the end. */
static const struct iv_baseline *next_baseline(const struct iv_submission *s, size_t *at)
{
    while (*at < s->variant_count) {
        const struct iv_baseline *baseline = s->variants[(*at)++].wspc.older;
        bool is_new = baseline != NULL && baseline->set_loaded;
        for (size_t i = 0; is_new && i + 1 < *at; i++) {
            const struct iv_baseline *other = s->variants[i].wspc.older;
            is_new =
                other == NULL || (other != baseline && (other->id == NULL || baseline->id == NULL ||
                                                        strcmp(other->id, baseline->id) != 0));
        }
        if (is_new) {
            return baseline;
        }
    }
    return NULL;
}

/* How one trait differs, as a clause; NULL: not at all. */
typedef const char *change_fn(struct iv_arena *arena, const struct iv_traits *before,
                              const struct iv_traits *now);

/* How one trait differs from that of another submission. `frame` is the evidence without what only
 * the comparison knows; its message is the beginning of the sentence. A trait that one side did not
 * look at is not applicable, never a difference. */
static enum iv_outcome compare_trait(const struct iv_baseline *baseline,
                                     const struct iv_traits *now, change_fn *change,
                                     const struct iv_evidence *frame, struct iv_verdict *verdict)
{
    struct iv_arena *arena = iv_verdict_arena(verdict);
    const struct iv_traits *before = &baseline->traits;
    bool is_known = change == iv_rules_features_change
                        ? now->has_features && before->has_features
                        : now->layout.present && before->layout.present;
    if (!is_known) {
        return IV_NOT_APPLICABLE;
    }
    const char *text = change(arena, before, now);
    if (text == NULL) {
        return IV_PASSED;
    }
    struct iv_evidence evidence = *frame;
    evidence.message = iv_verdict_printf(verdict, "%s of %s: %s", frame->message,
                                         iv_rules_baseline_name(arena, baseline), text);
    evidence.actual = text;
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* Against every older baseline that has the trait recorded; of a request, against the source. The
 * worst outcome counts. */
static enum iv_outcome compare_traits(const struct iv_case *c, change_fn *change,
                                      const struct iv_evidence *frame, struct iv_verdict *verdict)
{
    struct iv_arena *arena = iv_verdict_arena(verdict);
    const struct iv_traits now = iv_traits_of(c->submission, arena);
    if (c->request != NULL) {
        const struct iv_submission *source = c->request->source.submission;
        const struct iv_baseline before = {.id = source->id,
                                           .firmware_version = source->firmware_version,
                                           .traits = iv_traits_of(source, arena)};
        return compare_trait(&before, &now, change, frame, verdict);
    }
    enum iv_outcome worst = IV_NOT_APPLICABLE;
    size_t at = 0;
    for (const struct iv_baseline *baseline;
         (baseline = next_baseline(c->submission, &at)) != NULL;) {
        enum iv_outcome outcome = compare_trait(baseline, &now, change, frame, verdict);
        worst = outcome > worst ? outcome : worst; /* in the order of aggregation */
    }
    return worst;
}

/* SVC001: the features that OEMInput.xml chose, against the baseline before. "OS optional features"
 * must not change between updates: devices cannot add or drop them. */
static enum iv_outcome check_features(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_evidence frame = {
        .message = "The optional features of the operating system differ from those",
        .path = c->submission->oem_input.path,
        .field = "features",
    };
    return compare_traits(c, iv_rules_features_change, &frame, verdict);
}

/* SVC005: the partitions of DeviceLayout.xml, against the baseline before. An update writes into
 * partitions; it cannot move them. */
static enum iv_outcome check_layout(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_evidence frame = {
        .message = "The partition layout differs from that",
        .path = c->submission->layout.path,
        .field = "layout",
    };
    return compare_traits(c, iv_rules_layout_change, &frame, verdict);
}

/* SVC002. A request skips a baseline that lies between its source and target: the documents say
 * that it may be rejected. What was published of those that are recorded is not known here, so it
 * is a warning. */
static enum iv_outcome check_between(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (c->asked == NULL) {
        return IV_NOT_APPLICABLE;
    }
    if (c->asked->between == NULL) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(
            verdict, "The baseline %s lies between the source %s and the target %s",
            iv_rules_baseline_name(iv_verdict_arena(verdict), c->asked->between),
            c->request->source.submission->firmware_version,
            c->request->target.submission->firmware_version),
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* New, of another version, or with another content where both contents are known. */
static bool is_changed(const struct iv_package *now, const struct iv_package *before)
{
    return before == NULL || iv_version_compare(now->number, before->number) != 0 ||
           (now->content != NULL && before->content != NULL &&
            strcmp(now->content, before->content) != 0);
}

/* Bytes of MainOS that are not in use; false: not known, as for a tree or a file system that was
 * not counted. */
static bool free_space(const struct iv_image *image, uint64_t *ret_free)
{
    for (size_t i = 0; i < image->partition_count; i++) {
        const struct iv_image_partition *p = &image->partitions[i];
        if (p->name != NULL && iv_ascii_ieq(p->name, "MainOS") && p->used > 0 &&
            p->used <= p->size) {
            *ret_free = p->size - p->used;
            return true;
        }
    }
    return false;
}

/* Bytes that an update needs beside the packages themselves. */
#define SPACE_BASE (UINT64_C(50) * 1024 * 1024)
#define MIB (UINT64_C(1024) * 1024)

/* Of the packages for MainOS that are new or changed; sizes beyond reason count as reason. */
static uint64_t changed_size(const struct iv_submission *s, const struct iv_baseline *baseline)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->set.count; i++) {
        const struct iv_package *p = s->set.items[i];
        if (iv_ascii_ieq(iv_package_partition(p), "MainOS") &&
            is_changed(p, iv_set_find(&baseline->set, p->key)) &&
            __builtin_add_overflow(sum, p->total_size, &sum)) {
            return UINT64_MAX / 4;
        }
    }
    return sum < UINT64_MAX / 4 ? sum : UINT64_MAX / 4;
}

/* SVC026. An update needs room on MainOS for what it changes: 50 MiB and 1.5 times the size of the
 * new and changed packages, by the documents' own estimate, which calls itself imprecise: a note.
 * Sizes come from manifests, so they are a claim of the input and are summed with care. */
static enum iv_outcome check_space(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    uint64_t free_bytes;
    size_t at = 0;
    enum iv_outcome outcome = IV_NOT_APPLICABLE;
    if (!free_space(&s->image, &free_bytes)) {
        return IV_NOT_APPLICABLE;
    }
    for (const struct iv_baseline *baseline; (baseline = next_baseline(s, &at)) != NULL;) {
        uint64_t changed = changed_size(s, baseline);
        uint64_t needed = changed == 0 ? 0 : SPACE_BASE + changed + changed / 2;
        outcome = outcome == IV_FAILED ? IV_FAILED : IV_PASSED;
        if (needed > free_bytes) {
            const struct iv_evidence evidence = {
                .message = iv_verdict_printf(
                    verdict,
                    "The packages that change against the baseline %s need about %" PRIu64
                    " MiB, but MainOS has %" PRIu64 " MiB free",
                    iv_rules_baseline_name(iv_verdict_arena(verdict), baseline), needed / MIB,
                    free_bytes / MIB),
                .field = "total_size",
                .actual = iv_verdict_printf(verdict, "%" PRIu64, changed),
            };
            iv_verdict_fail(verdict, &evidence);
            outcome = IV_FAILED;
        }
    }
    return outcome;
}

/* ---- packages ------------------------------------------------------------------------------ */

/* A finding about the package in hand; its path and name are filled in by the engine. */
static enum iv_outcome fail_package(const char *message, const char *field, const char *actual,
                                    struct iv_verdict *verdict)
{
    const struct iv_evidence evidence = {.message = message, .field = field, .actual = actual};
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* A package is for a partition that it should not be for; `why` is a clause about the partition. */
static enum iv_outcome fail_partition(const struct iv_package *p, const char *why,
                                      struct iv_verdict *verdict)
{
    return fail_package(iv_verdict_printf(verdict, "%s is for the partition %s, %s",
                                          iv_package_shown_name(p), iv_package_partition(p), why),
                        "partition", p->partition, verdict);
}

/* New in the set of an older baseline, or another one there. Without a baseline nothing changed. */
static bool is_changed_since(const struct iv_submission *s, const struct iv_package *p)
{
    size_t at = 0;
    for (const struct iv_baseline *baseline; (baseline = next_baseline(s, &at)) != NULL;) {
        if (is_changed(p, iv_set_find(&baseline->set, p->key))) {
            return true;
        }
    }
    return false;
}

/* SVC003: OEMs must not update DPP and UpdateOS. A retail set has a package in UpdateOS all the
 * same, so only one that is not the baseline's is reported. Microsoft's own packages may; other
 * partitions are the SoC vendor's business. */
static enum iv_outcome check_partition(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    if (p->unreadable) {
        return IV_NOT_EVALUATED;
    }
    if (iv_package_is_microsoft(p)) {
        return IV_NOT_APPLICABLE;
    }
    const char *partition = iv_package_partition(p);
    if (iv_ascii_ieq(partition, "DPP")) {
        return fail_partition(p, "which must not be updated", verdict);
    }
    if (iv_ascii_ieq(partition, "UpdateOS") && is_changed_since(c->submission, p)) {
        return fail_partition(p, "which must not be updated, and is not the one of the baseline",
                              verdict);
    }
    return IV_PASSED;
}

/* SVC004: an update of a package for Data does not survive a reset of the phone, which formats that
 * partition. */
static enum iv_outcome check_data(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    if (p->unreadable) {
        return IV_NOT_EVALUATED;
    }
    if (iv_package_is_microsoft(p)) {
        return IV_NOT_APPLICABLE;
    }
    if (!iv_ascii_ieq(iv_package_partition(p), "Data")) {
        return IV_PASSED;
    }
    return fail_package(iv_verdict_printf(verdict,
                                          "%s is for the Data partition, which a reset of the "
                                          "phone formats",
                                          iv_package_shown_name(p)),
                        "partition", p->partition, verdict);
}

/* SVC028: in an image MainOS has junctions to other partitions, and a file whose path leads through
 * one lies on that partition, where an update of MainOS does not expect it. The reader notes the
 * first such file (junction_file). Packages with ReleaseType Test may do so. */
static enum iv_outcome check_junction(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    if (p->unreadable) {
        return IV_NOT_EVALUATED;
    }
    if (iv_package_is_microsoft(p) || !iv_ascii_ieq(iv_package_partition(p), "MainOS") ||
        iv_ascii_ieq(p->release_type, "Test")) {
        return IV_NOT_APPLICABLE;
    }
    if (p->junction_file == NULL) {
        return IV_PASSED;
    }
    const char *name = p->junction_file + strspn(p->junction_file, "\\/");
    return fail_package(iv_verdict_printf(verdict,
                                          "%s is for MainOS, but its file %s lies on the partition "
                                          "%.*s",
                                          iv_package_shown_name(p), p->junction_file,
                                          (int)strcspn(name, "\\/"), name),
                        "files", p->junction_file, verdict);
}

/* SVC029: a WIM of the Manufacturing OS is one file system, so that a package for another partition
 * has no place in it. */
static enum iv_outcome check_mmos(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    const struct iv_package *p = c->package;
    if (s->kind != IV_KIND_WIM || !s->oem_input.present ||
        !iv_ascii_ieq(s->oem_input.product, "Manufacturing OS")) {
        return IV_NOT_APPLICABLE;
    }
    if (p->unreadable) {
        return IV_NOT_EVALUATED;
    }
    if (iv_ascii_ieq(iv_package_partition(p), "MainOS")) {
        return IV_PASSED;
    }
    return fail_partition(p, "but the image is a WIM of the Manufacturing OS", verdict);
}

/* ---- the submission ------------------------------------------------------------------------ */

/* The targeting package is <OEM>.<Device>.Customizations.MainOS: by its identity, or by its key. */
static bool is_targeting(const struct iv_package *p)
{
    return !p->removal && (iv_ascii_ieq(p->sub_component, "Customizations.MainOS") ||
                           iv_ascii_isuffix(p->key, ".customizations.mainos"));
}

/* SVC008: the package that carries PhoneManufacturer and the other values, among the packages that
 * are there or that the history knows. Where packages may be there unseen, its absence is not
 * known. */
static enum iv_outcome check_targeting(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_submission *s = c->submission;
    for (size_t i = 0; i < s->package_count; i++) {
        if (is_targeting(&s->packages[i])) {
            return IV_PASSED;
        }
    }
    for (size_t i = 0; i < s->history.package_count; i++) {
        if (is_targeting(&s->history.packages[i])) {
            return IV_PASSED;
        }
    }
    if (s->set_incomplete || iv_rules_has_fault(s, s->history.path)) {
        return IV_NOT_EVALUATED;
    }
    const struct iv_evidence evidence = {
        .message = "There is no targeting package (a package named "
                   "<OEM>.<Device>.Customizations.MainOS)",
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* What a retail image is known by: ReleaseType Production in its OEMInput.xml. */
static bool is_retail(const struct iv_oem_input *input)
{
    return input->present && iv_ascii_ieq(input->release_type, "Production");
}

/* SVC017: PackageFiles of OEMInput.xml are for images before retail: packages that no feature
 * names do not take part in updates of features. Judged for an image whose OEMInput.xml says
 * Production. */
static enum iv_outcome check_package_files(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_oem_input *input = &c->submission->oem_input;
    if (!is_retail(input)) {
        return IV_NOT_APPLICABLE;
    }
    for (size_t i = 0; i < input->package_file_count; i++) {
        const struct iv_evidence evidence = {
            .message = iv_verdict_printf(verdict,
                                         "OEMInput.xml has ReleaseType Production and adds the "
                                         "single package %s",
                                         input->package_files[i]),
            .path = input->path,
            .field = "PackageFiles",
            .actual = input->package_files[i],
        };
        iv_verdict_fail(verdict, &evidence);
    }
    return input->package_file_count > 0 ? IV_FAILED : IV_PASSED;
}

/* Folded, as the image builder compares them. */
static bool has_feature(const struct iv_oem_input *input, const char *name)
{
    for (size_t i = 0; i < input->feature_count; i++) {
        if (iv_ascii_ieq(input->features[i], name)) {
            return true;
        }
    }
    return false;
}

/* One feature that is there and must not be, or the other way round. */
static void fail_feature(const struct iv_oem_input *input, const char *name, bool has,
                         struct iv_verdict *verdict)
{
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "OEMInput.xml of a retail image %s the feature %s",
                                     has ? "has" : "lacks", name),
        .path = input->path,
        .field = "features",
        .actual = has ? name : NULL,
        .expected = has ? NULL : name,
    };
    iv_verdict_fail(verdict, &evidence);
}

/* Images of other products than a phone's (IoT, desktop) have features of their own. */
static bool is_phone(const struct iv_oem_input *input)
{
    return input->product == NULL || iv_ascii_ifind(input->product, "Mobile") != NULL ||
           iv_ascii_ifind(input->product, "Phone") != NULL;
}

/* SVC018: features that a retail image must have, and that it must not have. Only where the feature
 * list was read, and for phones alone; a note, since a real phone of the time before lacks one of
 * those. */
static enum iv_outcome check_retail_features(const struct iv_case *c, struct iv_verdict *verdict)
{
    static const char *const wanted[] = {"STANDARD_FEATURE_1", "SOCProdTest_HSTI"};
    static const char *const refused[] = {
        "SKIPOOBE",
        "DUMPSIZE512MB",
        "DUMPSIZE1G",
        "DUMPSIZE2G",
        "DUMPSIZE4G",
        "DEDICATEDDUMPONEMMC",
        "DEDICATEDDUMPONSD",
        "TEST_ENABLE_DISK_IDLE",
        "TEST_DISABLE_DISK_IDLE",
        "KDNETUSB_TEST_ON",
        "DISABLE_FFU_PLAT_ID_CHECK",
        /* ReleaseType Production is RELEASE_PRODUCTION, which excludes: */
        "TEST",
        "HEALTH",
        "PRODUCTION",
        "SELFHOST",
        "PRODUCTION_CORE",
    };
    const struct iv_oem_input *input = &c->submission->oem_input;
    enum iv_outcome outcome = IV_PASSED;
    if (!is_retail(input) || !input->has_features || !is_phone(input)) {
        return IV_NOT_APPLICABLE;
    }
    for (size_t i = 0; i < IV_COUNT(wanted); i++) {
        if (!has_feature(input, wanted[i])) {
            fail_feature(input, wanted[i], false, verdict);
            outcome = IV_FAILED;
        }
    }
    for (size_t i = 0; i < IV_COUNT(refused); i++) {
        if (has_feature(input, refused[i])) {
            fail_feature(input, refused[i], true, verdict);
            outcome = IV_FAILED;
        }
    }
    return outcome;
}

static const struct iv_rule rows[] = {
    {
        /* The numbers follow imgval's list of the service's rules and not their severity or
         * subject. */
        .id = "SVC001",
        .name = "os-features-changed",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .also = IV_ALSO_REQUEST,
        .check = check_features,
        .summary = "The optional features of the operating system must be those of the baseline "
                   "before.",
        .why = "The publishing system rejects an update whose Features/Microsoft of "
               "OEMInput.xml differ from what is on devices. Source: Submit an update.",
        .remedy = "Build the image with the features of the baseline, or declare a new product.",
        .alias = {"The optional features of the operating system differ from those of {0}: {1}"},
        .passes = "both OEMInput.xml have <Feature>STANDARD_FEATURE_1</Feature> alone",
        .fails = "the newer OEMInput.xml adds <Feature>NAVIGATIONBAR</Feature>",
    },
    {
        .id = "SVC002",
        .name = "update-skips-baseline",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .check = check_between,
        .summary = "The source of a request for update should be the target of the update "
                   "before.",
        .why = "A request whose source is not what devices were last updated to may be "
               "rejected; what was published is not known here, a baseline between the two is a "
               "sign. Source: Update requirements, New-RequestForUpdate.",
        .remedy = "Ask for the update from the newest baseline below the target, or check that "
                  "the baseline between was never published.",
        .alias = {"The baseline {0} lies between the source {1} and the target {2}"},
        .passes = "source 1.0.0.1, target 1.0.0.2, no baseline between",
        .fails = "source 1.0.0.1, target 1.0.0.3, where 1.0.0.2 is a baseline",
    },
    {
        .id = "SVC003",
        .name = "partition-not-updatable",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_partition,
        .summary = "A package of the OEM must not target DPP, and must not change in UpdateOS.",
        .why = "OEMs may update EFIESP, UEFI, SBL1 to SBL3, RPM, TZ, PLAT, WINSECAPP and "
               "MainOS; DPP holds what was written in the factory, UpdateOS is Microsoft's. "
               "Source: Update requirements.",
        .remedy = "Take the package out of the update, or move it to a partition that may be "
                  "updated.",
        .alias = {"{0} is for the partition {1}, which must not be updated"},
        .passes = "<Partition>PLAT</Partition>",
        .fails = "<Partition>DPP</Partition>",
    },
    {
        .id = "SVC004",
        .name = "data-partition",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_data,
        .summary = "A package that is to be updated must not target the Data partition.",
        .why = "A reset of the phone formats Data: what an update put there is gone. Source: "
               "Primary elements of a package project, Update requirements.",
        .remedy = "Move the package to MainOS; what belongs to the user is provisioned at the "
                  "first start.",
        .alias = {"{0} is for the Data partition, which a reset of the phone formats"},
        .passes = "<Partition>MainOS</Partition>",
        .fails = "<Partition>Data</Partition>",
    },
    {
        .id = "SVC005",
        .name = "partition-layout-changed",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .also = IV_ALSO_REQUEST,
        .check = check_layout,
        .summary = "The partitions must be laid out as in the baseline before.",
        .why = "An update cannot change the layout of a device; what binary packages do that "
               "need another one is undefined. Source: Update requirements.",
        .remedy = "Use the DeviceLayout.xml of the baseline; a new layout is a new product.",
        .alias = {"The partition layout differs from that of {0}: {1}"},
        .passes = "names, order and sizes of DeviceLayout.xml are those of the baseline",
        .fails = "<TotalSectors> of a partition grows",
    },
    {
        .id = "SVC008",
        .name = "targeting-package-missing",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_IMAGE,
        .check = check_targeting,
        .summary = "An image should hold the targeting package "
                   "<OEM>.<Device>.Customizations.MainOS.",
        .why = "The ingestion client of Windows Phone 8.1 stops without it; it holds the values "
               "that say which devices the firmware is for. Source: "
               "Initialize-FirmwareSubmission.",
        .remedy = "Add the package that the image builder leaves beside UpdateHistory.xml to "
                  "the submission.",
        .alias = {"There is no targeting package (a package named {0})"},
        .passes = "Contoso.CT100.Customizations.MainOS.spkg",
        .fails = "no package whose name ends in .Customizations.MainOS",
    },
    {
        .id = "SVC009",
        .name = "required-value",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = iv_service_required_values,
        .summary = "PhoneHardwareVariant and PhoneROMLanguage must have a value, PhoneModelName "
                   "before the trials.",
        .why = "PhoneHardwareVariant is mandatory for code signing and registration, the others "
               "for the update service. Source: Phone metadata in DeviceTargetingInfo.",
        .remedy = "Set the value in the image customization (DeviceInfo/Static).",
        .alias = {"The device metadata of the image have no value for {0}: it is {1}"},
        .passes = "PhoneHardwareVariant=RM-1085, PhoneROMLanguage=0409, PhoneModelName=Lumia 950",
        .fails = "no PhoneHardwareVariant in the registry of the image",
    },
    {
        .id = "SVC010",
        .name = "rom-language",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .check = iv_service_rom_language,
        .summary = "PhoneROMLanguage must be an LCID of four hexadecimal digits.",
        .why = "The update service chooses content by it. Source: Phone metadata in "
               "DeviceTargetingInfo.",
        .remedy = "Set PhoneROMLanguage to four hexadecimal digits, such as 0409.",
        .alias = {"PhoneROMLanguage is \"{0}\", which is no LCID of four hexadecimal digits"},
        .passes = "PhoneROMLanguage=0409",
        .fails = "PhoneROMLanguage=en-US",
    },
    {
        .id = "SVC011",
        .name = "several-hardware-variants",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .check = iv_service_hardware_variants,
        .summary = "One image must not be for several hardware variants.",
        .why = "A runtime configuration image belongs to one PhoneHardwareVariant. Source: "
               "Phone metadata in DeviceTargetingInfo.",
        .remedy = "Build one image for each hardware variant.",
        .alias = {"The image is for several hardware variants: \"{0}\" and \"{1}\""},
        .passes = "one PhoneHardwareVariant",
        .fails = "two answer files with another PhoneHardwareVariant each",
    },
    {
        .id = "SVC012",
        .name = "value-form",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .check = iv_service_value_forms,
        .summary = "The further values of DeviceTargetingInfo must have the documented form.",
        .why = "Values of another form, above all blanks at the ends, cause updates to fail. "
               "Source: Phone metadata in DeviceTargetingInfo.",
        .remedy = "Correct the value in the image customization.",
        .alias = {"The device value {0} is \"{1}\", but its documented form is: {2}"},
        .passes = "PhoneHardwareRevision=1.0.0.2",
        .fails = "PhoneSupportLink=www.contoso.com",
    },
    {
        .id = "SVC014",
        .name = "model-name-advice",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = IV_APPLIES_ALL,
        .check = iv_service_model_name,
        .summary = "PhoneModelName should be the name that customers know, and the same "
                   "everywhere.",
        .why = "It should not be the PhoneManufacturerModelName, should not hold the maker's "
               "name, and should be the ProductString of the USB function driver. Source: Phone "
               "metadata in DeviceTargetingInfo.",
        .remedy = "Set PhoneModelName to the marketing name without the maker's name, and "
                  "ProductString to the same.",
        .alias = {"The PhoneModelName \"{0}\" is not as the documents advise: {1}"},
        .passes = "PhoneManufacturer=NOKIA, PhoneModelName=Lumia 930",
        .fails = "PhoneManufacturer=NOKIA, PhoneModelName=Nokia Lumia 930",
    },
    {
        .id = "SVC017",
        .name = "retail-package-files",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_package_files,
        .summary = "OEMInput.xml of a retail image must not add single packages (PackageFiles).",
        .why = "PackageFiles is for images before retail: nothing says which feature the "
               "package belongs to, and no update will know it. Source: OEMInput file contents.",
        .remedy = "Bring the package in through a feature manifest and take the PackageFile out.",
        .alias = {"OEMInput.xml has ReleaseType Production and adds the single package {0}"},
        .passes = "no PackageFiles",
        .fails = "<ReleaseType>Production</ReleaseType> and "
                 "<PackageFile>C:\\pkg\\Extra.spkg</PackageFile>",
    },
    {
        .id = "SVC018",
        .name = "retail-features",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_retail_features,
        .summary = "A retail image of Windows 10 Mobile should have the features that retail "
                   "asks for, and none of a test image.",
        .why = "STANDARD_FEATURE_1 and SOCProdTest_HSTI must be in it; features that skip the "
               "first start, keep dumps, change disk idle, open the debugger or skip the "
               "platform check are for test images. Source: Optional features for building "
               "mobile images.",
        .remedy = "Add or take out the feature in OEMInput.xml and build the image again.",
        .alias = {"OEMInput.xml of a retail image {0} the feature {1}"},
        .passes = "STANDARD_FEATURE_1 and SOCProdTest_HSTI",
        .fails = "<Feature>SKIPOOBE</Feature>",
    },
    {
        .id = "SVC021",
        .name = "platform-id-manufacturer",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .check = iv_service_platform_id,
        .summary = "The platform ids of an FFU should begin with the manufacturer.",
        .why = "A catalog is signed only for the OEM whose id is in the metadata of the image. "
               "Source: FFU catalog signing.",
        .remedy = "Set DevicePlatformID in OEMDevicePlatform.xml to "
                  "<PhoneManufacturer>.<SoC>.<model>.",
        .alias = {"The platform id {0} does not begin with the manufacturer {1}"},
        .passes = "PhoneManufacturer=NOKIA, DevicePlatformId0 = Nokia.MSM8974.P6180",
        .fails = "PhoneManufacturer=CONTOSO, DevicePlatformId0 = Fabrikam.MSM8974.P1",
    },
    {
        .id = "SVC026",
        .name = "update-space",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_SUBMISSION,
        .applies = WITH_WSPC,
        .check = check_space,
        .summary = "MainOS should have room for the update: 50 MB and one and a half times what "
                   "changes.",
        .why = "An update that does not fit is not installed; the estimate is a rough one. "
               "Source: Estimate update space.",
        .remedy = "Make the update smaller, or leave more of MainOS free.",
        .alias = {"The packages that change against the baseline {0} need about {1} MiB, but "
                  "MainOS has {2} MiB free"},
        .passes = "100 MiB change, 500 MiB are free",
        .fails = "500 MiB change, 400 MiB are free",
    },
    {
        .id = "SVC028",
        .name = "file-through-junction",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_junction,
        .summary = "A production package for MainOS should put no files on other partitions "
                   "through junctions.",
        .why = "The packaging tools refuse it: the file would lie on a partition that the "
               "package does not name. Source: the check of cross-partition files in the "
               "packaging tools.",
        .remedy = "Make a package of its own for that partition.",
        .alias = {"{0} is for MainOS, but its file {1} lies on the partition {2}"},
        .passes = "\\Windows\\System32\\a.dll in a package for MainOS",
        .fails = "\\EFIESP\\a.efi in a package for MainOS",
    },
    {
        .id = "SVC029",
        .name = "mmos-partition",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_mmos,
        .summary = "A WIM of the Manufacturing OS must not hold packages for other partitions.",
        .why = "It is one file system: what is for another partition is not installed from it. "
               "Source: Working with WIM MMOS images.",
        .remedy = "Take the package out of the OEMInput.xml of the Manufacturing OS.",
        .alias = {"{0} is for the partition {1}, but the image is a WIM of the Manufacturing OS"},
        .passes = "<Partition>MainOS</Partition>",
        .fails = "<Partition>EFIESP</Partition>",
    },
};

const struct iv_rules iv_rules_service = {.rows = rows, .count = IV_COUNT(rows), .advisory = true};
