/*
 * The nine standard validations (STD001..STD009) of Microsoft's document on WSPC, section "Standard
 * validation": its numbers are the numbers of the ids. They apply to every submission, and the
 * document calls their errors blocking: so they are errors, and no policy can waive or lower them
 * (`binding`).
 *
 * 1 to 5 are about packages and are judged for each one, also for those that lie beside an image
 * (IV_ALSO_BESIDE): whoever hands over the folder hands over those too. 6 to 9 are about values of
 * DeviceTargetingInfo and are pattern rows: the engine finds each value in force, matches it whole,
 * and fails the rule for an image that has none. A partial that lacks a value is not judged on it.
 *
 * A package that could not be read is not evaluated, unless its name alone breaks the rule: a file
 * called .spkr is a removal package, whatever is in it.
 */
#include "imgval/base/text.h"
#include "rules/rules.h"
#include "rules/wording.h"

#include <string.h>

/* A context-free partial is judged without any device metadata. */
#define DEVICE_RULES (IV_APPLIES_IMAGE | IV_APPLIES_CONTEXTUAL)

/* 0..65535 in ASCII digits: rule 6, "x.x.x.x format where x is between 0 and 65535 (inclusive)".
 * Real revisions are padded with zeros (01078.00053.16236.35005), which the document does not
 * forbid. */
#define PART "0*(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})"

/* Rule 1: "Removal packages are not allowed. This includes SPKRs or CBS-Rs." A removal is known by
 * its manifest or, when that cannot be read, by its file name; an installed or extracted package
 * has no file name that says anything. */
static enum iv_outcome check_removal(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    const char *file = iv_rules_file_name(p->path);
    bool by_name =
        p->container == IV_CONTAINER_CABINET && file != NULL && iv_package_is_removal_name(file);
    if (!p->removal && !by_name) {
        return p->unreadable ? IV_NOT_EVALUATED : IV_PASSED;
    }
    const char *kind = "removal package";
    switch (p->style) {
    case IV_STYLE_SPKG:
        kind = "removal package (SPKR)";
        break;
    case IV_STYLE_CBS:
        kind = "removal package (CBS-R)";
        break;
    case IV_STYLE_UNKNOWN:
        break;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "%s is a %s: removal packages are not allowed",
                                     iv_package_shown_name(p), kind),
        .field = "removal",
        .actual = "true",
        .expected = "false",
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* Rule 2: "Packages cannot have a 0.0.0.0 package version." No version counts as 0.0.0.0, since
 * that is what tools read then, unless the package could not be read: its version is not known. */
static enum iv_outcome check_zero_version(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    if (p->unreadable) {
        return IV_NOT_EVALUATED;
    }
    if (!iv_version_is_zero(p->number)) {
        return IV_PASSED;
    }
    static const char *const remedies[] = {
        [IV_STYLE_UNKNOWN] = ("Give the package a version above 0.0.0.0 in its manifest and build "
                              "it again."),
        [IV_STYLE_SPKG] = ("Build the package again with a version above 0.0.0.0: the attributes "
                           "Major, Minor, QFE and Build of the element Package/Identity/Version "
                           "in man.dsm.xml."),
        [IV_STYLE_CBS] = ("Build the package again with a version above 0.0.0.0: the attribute "
                          "version of the element assembly/assemblyIdentity in update.mum."),
    };
    struct iv_evidence evidence = {
        .remedy = remedies[p->style],
        .field = "version",
        .actual = p->version,
        .expected = "a version above 0.0.0.0",
    };
    evidence.message =
        p->version == NULL
            ? iv_verdict_printf(verdict, "%s has no version, which counts as 0.0.0.0",
                                iv_package_shown_name(p))
            : iv_verdict_printf(verdict,
                                "%s has the version \"%s\": packages cannot have version 0.0.0.0",
                                iv_package_shown_name(p), p->version);
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* Whether a partition of the image could not be read: packages in it may not be known, so that
 * their absence from the set proves nothing about rules 3 to 5. */
static bool is_unread(const struct iv_submission *s, const char *partition)
{
    for (size_t i = 0; i < s->fault_count; i++) {
        enum iv_fault_kind kind = s->faults[i].kind;
        if ((kind == IV_FAULT_PARTITION || kind == IV_FAULT_UNSUPPORTED ||
             kind == IV_FAULT_LIMIT) &&
            s->faults[i].member != NULL && iv_ascii_ieq(s->faults[i].member, partition)) {
            return true;
        }
    }
    return false;
}

/* Rules 3, 4 and 5: "Packages in ... partition cannot be flagged as binary partition package". One
 * check for three rows: the row's argument is the partition. A binary partition package replaces
 * the whole partition by one raw image; these three hold file systems with other packages in them.
 * A package that names no partition is for MainOS. */
static enum iv_outcome check_binary_partition(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    const char *partition = c->rule->argument;
    if (p->unreadable) {
        return IV_NOT_EVALUATED;
    }
    if (!p->binary_partition || !iv_ascii_ieq(iv_package_partition(p), partition)) {
        return is_unread(c->submission, partition) ? IV_NOT_EVALUATED : IV_PASSED;
    }
    const char *name = iv_package_shown_name(p);
    static const char *const remedies[] = {
        [IV_STYLE_UNKNOWN] = ("Clear the binary-partition flag in the manifest, or name the raw "
                              "partition that the package is for; then build it again."),
        [IV_STYLE_SPKG] = ("Take BinaryPartition=\"true\" off the Package element of the project, "
                           "so that man.dsm.xml lists no file of FileType BinaryPartition, or set "
                           "the Partition element to the raw partition that the package is for; "
                           "then build it again."),
        [IV_STYLE_CBS] = ("Set binaryPartition=\"false\" on the package element of update.mum, or "
                          "set its targetPartition to the raw partition that the package is for; "
                          "then build it again."),
    };
    const struct iv_evidence evidence = {
        .message = p->partition == NULL || p->partition[0] == '\0'
                       ? iv_verdict_printf(verdict,
                                           "%s names no partition, which means MainOS, and is "
                                           "flagged as a binary partition package",
                                           name)
                       : iv_verdict_printf(verdict,
                                           "%s is in the partition \"%s\" and is flagged as a "
                                           "binary partition package",
                                           name, p->partition),
        .remedy = remedies[p->style],
        .field = "binary_partition",
        .actual = "true",
        .expected = "false",
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

#define WHY_BINARY                                                                                 \
    "The partition holds a file system. A package flagged as a binary partition package is "       \
    "written over the whole partition as one raw image when the device updates."
#define REMEDY_BINARY                                                                              \
    "Clear the binary-partition flag, or name the raw partition that the package is for; then "    \
    "build the package again."

static const struct iv_rule rows[] = {
    {
        .id = "STD001",
        .name = "removal-package",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_PACKAGE,
        .also = IV_ALSO_BESIDE,
        .applies = IV_APPLIES_ALL,
        .check = check_removal,
        .alias = {"{0} is a removal package {1}: removal packages are not allowed"},
        .summary = "Removal packages (SPKR, CBS-R) are not allowed.",
        .why = "Under WSPC a package that was once shipped stays in the set, so there is nothing "
               "that a removal package could do; they are no longer supported.",
        .remedy = "Take the removal package out of the submission; to retire a package, submit an "
                  "empty package of the same name (a PkgGen project with an empty Components "
                  "element).",
        .passes = "Contoso.BASE.MainOS.spkg, whose man.dsm.xml says <IsRemoval>false</IsRemoval>",
        .fails = "Contoso.Camera.spkr, or an update.mum with package/recall",
    },
    {
        .id = "STD002",
        .name = "zero-version",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_PACKAGE,
        .also = IV_ALSO_BESIDE,
        .applies = IV_APPLIES_ALL,
        .check = check_zero_version,
        .alias = {"{0} has the version {1}: packages cannot have version 0.0.0.0",
                  "{0} has no version, which counts as 0.0.0.0"},
        .summary = "Packages cannot have the version 0.0.0.0; a missing version counts as that.",
        .why = "Devices install a package only when its version is higher than the one they have; "
               "0.0.0.0 is never higher.",
        .remedy = "Build the package again with a version above 0.0.0.0.",
        .passes = "<Version Major=\"1\" Minor=\"0\" QFE=\"0\" Build=\"7\" />",
        .fails = "<Version Major=\"0\" Minor=\"0\" QFE=\"0\" Build=\"0\" />, or no Version element",
    },
    {
        .id = "STD003",
        .name = "binary-in-mainos",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_PACKAGE,
        .also = IV_ALSO_BESIDE,
        .applies = IV_APPLIES_ALL,
        .check = check_binary_partition,
        .argument = "MainOS",
        .alias = {"{0} is in the partition \"MainOS\" and is flagged as a binary partition package",
                  "{0} names no partition, which means MainOS, and is flagged as a binary "
                  "partition package"},
        .summary = "Packages in the MainOS partition cannot be flagged as binary partition "
                   "packages; a package that names no partition is in MainOS.",
        .why = WHY_BINARY,
        .remedy = REMEDY_BINARY,
        .passes = "<package targetPartition=\"DBI\" binaryPartition=\"true\">",
        .fails = "<package targetPartition=\"mainos\" binaryPartition=\"true\">",
    },
    {
        .id = "STD004",
        .name = "binary-in-efiesp",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_PACKAGE,
        .also = IV_ALSO_BESIDE,
        .applies = IV_APPLIES_ALL,
        .check = check_binary_partition,
        .argument = "EFIESP",
        .alias =
            {"{0} is in the partition \"EFIESP\" and is flagged as a binary partition package"},
        .summary =
            "Packages in the EFIESP partition cannot be flagged as binary partition packages.",
        .why = WHY_BINARY,
        .remedy = REMEDY_BINARY,
        .passes = "<package targetPartition=\"EFIESP\" binaryPartition=\"false\">",
        .fails = "<package targetPartition=\"EFIESP\" binaryPartition=\"true\">",
    },
    {
        .id = "STD005",
        .name = "binary-in-updateos",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_PACKAGE,
        .also = IV_ALSO_BESIDE,
        .applies = IV_APPLIES_ALL,
        .check = check_binary_partition,
        .argument = "UpdateOS",
        .alias =
            {"{0} is in the partition \"UpdateOS\" and is flagged as a binary partition package"},
        .summary =
            "Packages in the UpdateOS partition cannot be flagged as binary partition packages.",
        .why = WHY_BINARY,
        .remedy = REMEDY_BINARY,
        .passes = "<package targetPartition=\"UpdateOS\">",
        .fails = "<package targetPartition=\"UpdateOS\" binaryPartition=\"true\">",
    },
    {
        /* A malformed version also keeps the comparison with baselines from being made. */
        .id = "STD006",
        .name = "firmware-revision",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_DEVICE,
        .applies = DEVICE_RULES,
        .field = IV_PHONE_FIRMWARE_REVISION,
        .pattern = PART "\\." PART "\\." PART "\\." PART,
        .argument = "must have the form x.x.x.x, each x between 0 and 65535 in ASCII digits",
        .spoils = IV_PART_COMPARISON,
        .clause = "the firmware version is malformed",
        .needs_metadata = true,
        .summary = "PhoneFirmwareRevision must have the form x.x.x.x, each x between 0 and 65535 "
                   "in ASCII digits; leading zeros are accepted.",
        .why = "Updates are ordered by this value: a device must be able to tell which of two "
               "firmware versions is the newer one.",
        .remedy = "Set PhoneFirmwareRevision in the image customization (DeviceInfo/Static) to "
                  "four numbers joined by dots, or give --firmware-version=X.X.X.X.",
        .passes = "3012.0.1610.4\n01078.00053.16236.35005",
        .fails = "3012.0.1610\n3012.0.1610.65536",
    },
    {
        .id = "STD007",
        .name = "manufacturer",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_DEVICE,
        .applies = DEVICE_RULES,
        .field = IV_PHONE_MANUFACTURER,
        .pattern = "[A-Za-z0-9]{1,32}",
        .argument = "must be 1 to 32 ASCII letters and digits",
        .needs_metadata = true,
        .summary = "PhoneManufacturer must be 1 to 32 ASCII letters and digits.",
        .why = "The value is the OEM's assigned identifier; updates are targeted by it.",
        .remedy = "Set PhoneManufacturer in the image customization (DeviceInfo/Static) to the "
                  "assigned identifier, not the display name, or give --manufacturer=NAME.",
        .passes = "CONTOSO",
        .fails = "CONTOSO INC.",
    },
    {
        .id = "STD008",
        .name = "model-name",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_DEVICE,
        .applies = DEVICE_RULES,
        .field = IV_PHONE_MODEL_NAME,
        .pattern = "[A-Za-z0-9._-]{1,32}",
        .argument = "must be 1 to 32 ASCII letters, digits and characters of -._",
        .needs_metadata = true,
        .summary = "PhoneManufacturerModelName must be 1 to 32 ASCII letters, digits and "
                   "characters of -._ (hyphen, dot, underscore).",
        .why = "The value is the OEM device name; updates and baselines are found by it.",
        .remedy = "Set PhoneManufacturerModelName in the image customization (DeviceInfo/Variant) "
                  "to a name without blanks and other signs, or give --model=NAME.",
        .passes = "RM-1127_13771",
        .fails = "Contoso Phone 8",
    },
    {
        .id = "STD009",
        .name = "mobile-operator",
        .severity = IV_ERROR,
        .binding = true,
        .subject = IV_SUBJECT_DEVICE,
        .applies = DEVICE_RULES,
        .field = IV_PHONE_OPERATOR_NAME,
        .pattern = "[A-Za-z0-9]{3}-[A-Za-z0-9]{2}",
        .argument = "must have the form XXX-XX, each X an ASCII letter or digit",
        .needs_metadata = true,
        .summary = "PhoneMobileOperatorName must have the form XXX-XX, each X an ASCII letter or "
                   "digit.",
        .why = "The value is the mobile operator's assigned code; updates and baselines are found "
               "by it.",
        .remedy = "Set PhoneMobileOperatorName in the image customization (DeviceInfo/Variant) to "
                  "the operator's code, or give --operator=XXX-XX.",
        .passes = "000-88\nATT-US",
        .fails = "00088\nATT-USA",
    },
};

const struct iv_rules iv_rules_standard = {.rows = rows, .count = IV_COUNT(rows)};
