/*
 * seal_phrase.c: what --verify found out, in words: for one package, and added up for a submission.
 * A signature that is there and could not be verified is counted with the invalid ones: words must
 * never sound better than what is known.
 */
#include "imgval/report/write/seal_phrase.h"

#include "imgval/base/attr.h"

#include <string.h>

/* How packages stand, in the order of reports. */
static const enum iv_content contents[] = {
    IV_CONTENT_INTACT,
    IV_CONTENT_NOT_COVERED,
    IV_CONTENT_DAMAGED,
    IV_CONTENT_NOT_CHECKED,
};

static const char *const content_words[] = {
    [IV_CONTENT_NOT_CHECKED] = "not checked",
    [IV_CONTENT_INTACT] = "intact",
    [IV_CONTENT_NOT_COVERED] = "not covered",
    [IV_CONTENT_DAMAGED] = "damaged",
};

static const char *const root_words[] = {
    [IV_ROOT_NONE] = "no root",         [IV_ROOT_UNKNOWN] = "unknown root",
    [IV_ROOT_TEST] = "test root",       [IV_ROOT_RETAIL] = "retail root",
    [IV_ROOT_TRUSTED] = "trusted root",
};

/* Signatures, as they are counted. */
enum sign { SIGN_RETAIL, SIGN_TRUSTED, SIGN_TEST, SIGN_UNKNOWN, SIGN_INVALID, SIGN_NONE, SIGNS };

/* How a signature is counted: a valid one by the root that it leads to. */
static enum sign sign_of(const struct iv_seal *seal)
{
    static const enum sign by_root[] = {
        [IV_ROOT_NONE] = SIGN_INVALID,    [IV_ROOT_UNKNOWN] = SIGN_UNKNOWN,
        [IV_ROOT_TEST] = SIGN_TEST,       [IV_ROOT_RETAIL] = SIGN_RETAIL,
        [IV_ROOT_TRUSTED] = SIGN_TRUSTED,
    };
    switch (seal->signature) {
    case IV_SIGNATURE_UNKNOWN:
    case IV_SIGNATURE_NONE:
        return SIGN_NONE;
    case IV_SIGNATURE_NOT_VERIFIED:
    case IV_SIGNATURE_INVALID:
        return SIGN_INVALID;
    case IV_SIGNATURE_VALID:
        break;
    }
    return by_root[seal->root];
}

/* The name of a signer comes from a certificate, which anybody can make: it is shown beside the
 * root that decides. */
static void put_sign(struct iv_buf *buf, enum sign sign, const char *signer, enum iv_root root)
{
    if (sign == SIGN_NONE || sign == SIGN_INVALID) {
        iv_buf_puts(buf, sign == SIGN_NONE ? "unsigned" : "without a valid signature");
        return;
    }
    iv_buf_puts(buf, "signed");
    if (signer != NULL && signer[0] != '\0') {
        iv_buf_printf(buf, " by %s", signer);
    }
    iv_buf_printf(buf, " (%s)", root_words[root]);
}

/* Nothing for a package that was not verified: silence is not "intact". */
void iv_phrase_seal(struct iv_buf *buf, const struct iv_package *package)
{
    if (package->seal_count == 0) {
        return;
    }
    const struct iv_seal *seal = package->seal;
    iv_buf_puts(buf, content_words[seal->content]);
    if (seal->content != IV_CONTENT_NOT_CHECKED || seal->signature != IV_SIGNATURE_UNKNOWN) {
        iv_buf_puts(buf, ", ");
        put_sign(buf, sign_of(seal), seal->signer, seal->root);
    }
    if (seal->stamp != NULL) {
        iv_buf_printf(buf, ", %s", seal->stamp);
    }
    if (seal->weak != NULL) {
        iv_buf_printf(buf, "; weak: %s", seal->weak);
    }
}

/* Signatures of one kind in a submission. */
struct signs {
    size_t count;
    const char *signer; /* of the first; NULL: of several */
    bool several;
    enum iv_root root;
};

/* Counts a signature; a signer is named only where all of the kind have the same one. */
static void note_sign(struct signs *signs, const struct iv_seal *seal)
{
    const char *name = seal->signer == NULL ? "" : seal->signer;
    if (signs->count++ == 0) {
        signs->signer = name;
        signs->root = seal->root;
    } else if (!signs->several && strcmp(signs->signer, name) != 0) {
        signs->several = true;
    }
}

/* "3 packages intact, 1 damaged; 4 signed by X (retail root)": contents first, as a good signature
 * on other contents means nothing. */
void iv_phrase_seals(struct iv_buf *buf, const struct iv_submission *submission)
{
    size_t by_content[IV_COUNT(content_words)] = {0};
    struct signs by_sign[SIGNS] = {0};
    size_t all = 0;
    for (size_t i = 0; i < submission->package_count; i++) {
        const struct iv_package *package = &submission->packages[i];
        if (package->seal_count > 0) {
            by_content[package->seal->content]++;
            note_sign(&by_sign[sign_of(package->seal)], package->seal);
            all++;
        }
    }

    bool is_first = true;
    for (size_t i = 0; i < IV_COUNT(contents) && all > 0; i++) {
        size_t count = by_content[contents[i]];
        if (count > 0) {
            iv_buf_printf(buf, "%s%zu%s %s", is_first ? "" : ", ", count,
                          !is_first    ? ""
                          : count == 1 ? " package"
                                       : " packages",
                          content_words[contents[i]]);
            is_first = false;
        }
    }

    const char *link = "; ";
    for (size_t i = 0; i < SIGNS; i++) {
        if (by_sign[i].count > 0) {
            iv_buf_printf(buf, "%s%zu ", link, by_sign[i].count);
            put_sign(buf, (enum sign)i, by_sign[i].several ? NULL : by_sign[i].signer,
                     by_sign[i].root);
            link = ", ";
        }
    }
}
