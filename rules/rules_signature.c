/*
 * Whether the packages are what was signed (SIG...). Judged are the seals that readers make with
 * `--verify`: what the catalog of a package covers, who signed it, and where the chain of
 * certificates ends (input/verify.c). Without the option no package has a seal, and no rule
 * applies: not asked for is not the same as passed.
 *
 * A seal lists flaws, each of one kind with a sentence of detail; the first group of rules only
 * sorts them, a rule for each kind. The second group judges the signer.
 */
#include "imgval/model/circumstances.h"
#include "rules/rules.h"
#include "rules/wording.h"

#include <string.h>

/* ---- flaws --------------------------------------------------------------------------------- */

/* One finding for each flaw of a kind. A seal whose content was not checked to its end (a limit, a
 * damaged cabinet) may lack flaws: finding none is then not evaluated. */
static enum iv_outcome check_flaws(const struct iv_case *c, struct iv_verdict *verdict,
                                   enum iv_flaw_kind kind)
{
    const struct iv_package *p = c->package;
    if (p->seal_count == 0) {
        return IV_NOT_APPLICABLE;
    }
    enum iv_outcome outcome =
        p->seal->content == IV_CONTENT_NOT_CHECKED ? IV_NOT_EVALUATED : IV_PASSED;
    for (size_t i = 0; i < p->seal->flaw_count; i++) {
        const struct iv_flaw *flaw = &p->seal->flaws[i];
        if (flaw->kind != kind) {
            continue;
        }
        const struct iv_evidence evidence = {
            .message = iv_verdict_printf(verdict, "%s: %s", iv_package_shown_name(p), flaw->detail),
            .member = flaw->member,
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* SIG001: a file was changed or added after the catalog was made. */
static enum iv_outcome check_covered(const struct iv_case *c, struct iv_verdict *verdict)
{
    return check_flaws(c, verdict, IV_FLAW_NOT_COVERED);
}

/* SIG002: a file that was there when the catalog was made is gone. */
static enum iv_outcome check_missing(const struct iv_case *c, struct iv_verdict *verdict)
{
    return check_flaws(c, verdict, IV_FLAW_MISSING);
}

/* SIG003: nothing vouches for the files, which need not be wrong. */
static enum iv_outcome check_catalog(const struct iv_case *c, struct iv_verdict *verdict)
{
    return check_flaws(c, verdict, IV_FLAW_NO_CATALOG);
}

/* SIG005: the catalog itself was changed, or signed by nobody who may. */
static enum iv_outcome check_signature(const struct iv_case *c, struct iv_verdict *verdict)
{
    return check_flaws(c, verdict, IV_FLAW_SIGNATURE);
}

/* SIG007: the package's own manifests contradict its files. */
static enum iv_outcome check_manifests(const struct iv_case *c, struct iv_verdict *verdict)
{
    return check_flaws(c, verdict, IV_FLAW_DIFFERS);
}

/* SIG008: the cabinet is damaged, so that the files cannot be compared with anything. */
static enum iv_outcome check_blocks(const struct iv_case *c, struct iv_verdict *verdict)
{
    return check_flaws(c, verdict, IV_FLAW_DAMAGED);
}

/* ---- signers ------------------------------------------------------------------------------- */

/* SIG004: a catalog without a signature, which is how packages leave the build: a note. A package
 * without a catalog has a flaw of its own (check_catalog), so this rule does not apply to it. */
static enum iv_outcome check_signed(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_package *p = c->package;
    if (p->seal_count == 0) {
        return IV_NOT_APPLICABLE;
    }
    if (p->seal->signature == IV_SIGNATURE_UNKNOWN) {
        return p->seal->content == IV_CONTENT_NOT_CHECKED ? IV_NOT_EVALUATED : IV_NOT_APPLICABLE;
    }
    if (p->seal->signature != IV_SIGNATURE_NONE) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "%s is not signed: its catalog has no signature",
                                     iv_package_shown_name(p)),
        .field = "signature",
        .actual = iv_signature_names[p->seal->signature],
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* What --expect-signature accepts. Without it every root but a test root will do. A root that the
 * user trusts is as good as the vendor's; a known test root stays one, even when it is trusted. */
static bool is_expected(enum iv_root root, enum iv_expected expected)
{
    switch (expected) {
    case IV_EXPECTED_ANY:
        return root != IV_ROOT_TEST;
    case IV_EXPECTED_RETAIL:
        return root == IV_ROOT_RETAIL || root == IV_ROOT_TRUSTED;
    case IV_EXPECTED_TEST:
        return root == IV_ROOT_TEST;
    }
    return false;
}

/* "unsigned", "signed by X; the chain ends in the test root Y" */
static const char *signature_text(const struct iv_seal *seal, struct iv_verdict *verdict)
{
    static const char *const kinds[] = {
        [IV_ROOT_NONE] = "no root",           [IV_ROOT_UNKNOWN] = "an unknown root",
        [IV_ROOT_TEST] = "a test root",       [IV_ROOT_RETAIL] = "the retail root",
        [IV_ROOT_TRUSTED] = "a trusted root",
    };
    if (seal->signature == IV_SIGNATURE_NONE) {
        return "not signed";
    }
    if (seal->signature != IV_SIGNATURE_VALID) {
        return "without a valid signature";
    }
    return iv_verdict_printf(verdict, "signed by %s; the chain ends in %s%s%s%s",
                             seal->signer == NULL ? "a certificate without a name" : seal->signer,
                             kinds[seal->root], seal->root_name == NULL ? "" : " (",
                             seal->root_name == NULL ? "" : seal->root_name,
                             seal->root_name == NULL ? "" : ")");
}

/* SIG006: whether the chain ends where --expect-signature says; without the option only test roots
 * are reported, as a note, for test-signed packages are what one has during development. With it
 * the finding is raised to an error: somebody asked. */
static enum iv_outcome check_root(const struct iv_case *c, struct iv_verdict *verdict)
{
    static const char *const wanted[] = {
        [IV_EXPECTED_ANY] = "any",
        [IV_EXPECTED_RETAIL] = "retail",
        [IV_EXPECTED_TEST] = "test",
    };
    const struct iv_package *p = c->package;
    enum iv_expected expected = c->run->expected;
    if (p->seal_count == 0) {
        return IV_NOT_APPLICABLE;
    }
    if (p->seal->signature == IV_SIGNATURE_UNKNOWN && p->seal->content == IV_CONTENT_NOT_CHECKED) {
        return IV_NOT_EVALUATED;
    }
    if (is_expected(p->seal->root, expected)) {
        return p->seal->root == IV_ROOT_NONE ? IV_NOT_APPLICABLE : IV_PASSED;
    }
    const char *is = signature_text(p->seal, verdict);
    const struct iv_evidence evidence = {
        .message = expected == IV_EXPECTED_ANY
                       ? iv_verdict_printf(verdict, "%s is %s", iv_package_shown_name(p), is)
                       : iv_verdict_printf(verdict, "%s is %s; --expect-signature=%s was given",
                                           iv_package_shown_name(p), is, wanted[expected]),
        .field = "root",
        .actual = iv_root_names[p->seal->root],
        .expected = expected == IV_EXPECTED_ANY ? NULL : wanted[expected],
        .raised = expected != IV_EXPECTED_ANY,
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct iv_rule rows[] = {
    {
        /* The first four are about the catalog: what it covers, and whether it is there and
         * signed. */
        .id = "SIG001",
        .name = "file-not-covered",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_covered,
        .summary = "--verify: the catalog of a package must cover each of its files.",
        .why = "The signature vouches for the digests in the catalog. A file with another digest "
               "was changed or added after signing, and a device refuses the package.",
        .remedy = "Take the package from where it was built or signed again; do not change a "
                  "signed package.",
        .alias = {"{0} is covered by no digest of the catalog: it was changed or added after the "
                  "catalog was made (SHA-256 {1})"},
        .passes = "update.cat holds the SHA-256 of camera.dll as it is in the cabinet",
        .fails = "camera.dll was replaced after update.cat was made",
    },
    {
        .id = "SIG002",
        .name = "file-missing",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_missing,
        .summary = "--verify: each digest in the catalog of a package must belong to one of its "
                   "files.",
        .why = "A digest without a file means that a file was removed, or changed, after signing.",
        .remedy = "Take the package from where it was built or signed again.",
        .alias = {"no file of the package has the {0} {1}, which the catalog lists",
                  "{0} is listed by the manifest and is not there"},
        .passes = "a catalog of six digests, two for each of the three files",
        .fails = "a catalog that still lists a file which was taken out of the cabinet",
    },
    {
        .id = "SIG003",
        .name = "catalog-missing",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_catalog,
        .summary = "--verify: a package should have a catalog.",
        .why = "Without update.cat or content.cat nothing tells whether the files are those that "
               "were built, and nothing can be signed.",
        .remedy = "Build the package with the kit's tools, which make the catalog.",
        .alias = {"the package has no catalog {0}: nothing vouches for its files"},
        .passes = "an SPKG with content.cat, a CBS package with update.cat",
        .fails = "an SPKG without content.cat",
    },
    {
        .id = "SIG004",
        .name = "unsigned-package",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_signed,
        .summary = "--verify: the catalog of a package is signed.",
        .why = "Packages leave the build unsigned and come back from the service signed; an "
               "unsigned one cannot be installed on a retail device.",
        .remedy = "Have the package signed; nothing is to be done before it is submitted.",
        .alias = {"{0} is not signed: its catalog has no signature"},
        .passes = "a catalog with a signer",
        .fails = "a catalog without signers, as the package builder leaves it",
    },
    {
        .id = "SIG005",
        .name = "signature-invalid",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_signature,
        .summary = "--verify: the catalog of a package can be read, and its signature is that of "
                   "its content.",
        .why = "A catalog that was changed after signing vouches for nothing.",
        .remedy = "Take the package from where it was signed again.",
        .alias = {"the catalog {0} cannot be read: {1}",
                  "the signature of {0} by {1} is not valid: {2}",
                  "the signature of {0} cannot be read: {1}"},
        .passes = "a signature over the trust list as it is, by a chain of certificates in order",
        .fails = "a digest in the catalog was replaced after it was signed",
    },
    {
        .id = "SIG006",
        .name = "test-signed",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_root,
        .summary = "--verify: the certificates of a package do not end in a test root; with "
                   "--expect-signature=retail or test they end as expected.",
        .why = "Retail devices refuse test-signed packages, and a test-signed package in a retail "
               "set means that it never went through signing.",
        .remedy = "Put the package as it came back from signing in its place; or say with "
                  "--expect-signature what is to be expected, with --trust=FILE whom to trust.",
        .alias = {"{0} is signed by {1}; the chain ends in {2}",
                  "{0} is not signed; --expect-signature={1} was given",
                  "{0} is without a valid signature; --expect-signature={1} was given"},
        .passes = "a chain that ends in Microsoft Root Certificate Authority 2010",
        .fails = "a chain that ends in Windows OEM Root 2017 (TEST ONLY)",
    },
    {
        /* Two that need no catalog: the package contradicts itself, or cannot be unpacked. */
        .id = "SIG007",
        .name = "digest-differs",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_manifests,
        .summary = "--verify: a file of a package has the digest and the size that its manifest "
                   "says.",
        .why = "The component manifest names each file by its digest, the device manifest by its "
               "size. A device that finds another file stops the update.",
        .remedy = "Build the package again.",
        .alias = {"{0} has {1} bytes, the manifest says {2}",
                  "{0} has the {1} {2}, its component manifest says {3}",
                  "{0} has the {1} {2}, the package's manifest says {3}"},
        .passes = "DigestValue of camera.dll is the SHA-256 of camera.dll",
        .fails = "FileSize of camera.dll is 4096, and the cabinet holds 4100 bytes",
    },
    {
        .id = "SIG008",
        .name = "payload-damaged",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_PACKAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_blocks,
        .summary = "--verify: every data block of a cabinet decodes, and its checksum is right.",
        .why = "The manifest of a damaged cabinet often reads well; the damage shows when a device "
               "unpacks the rest.",
        .remedy = "Copy or download the package again; if that does not help, build it again.",
        .alias = {"wrong checksum of data block {0}"},
        .passes = "a cabinet that unpacks to its end",
        .fails = "a cabinet with one wrong byte in the data of a file",
    },
};

const struct iv_rules iv_rules_signature = {.rows = rows, .count = IV_COUNT(rows)};
