/*
 * The digests of a component manifest. For each <file> there may be a <hash> with a transform, a
 * method and a value. Only a digest over the bytes as they are (the identity transform), by SHA-1
 * or SHA-256, is compared; others would need the transform. The elements come in this order, so
 * each is noted until the value is there.
 */
#include "imgval/input/component.h"

#include "imgval/base/text.h"
#include "imgval/base/xml.h"

#include <string.h>

#define IDENTITY "urn:schemas-microsoft-com:HashTransforms.Identity"

static const char suffix[] = ".manifest";

struct component {
    const struct iv_reader *r;
    const struct iv_document *doc;
    struct iv_claims *claims;
    const char *name; /* of the <file> in hand; NULL: it has none */
    bool identity;    /* its digest is of the bytes as they are */
    size_t size;      /* of the digest, by its method; 0: another one */
    struct iv_fault fault;
};

/* At the top of a package alone: those in folders are payload. */
bool iv_component_is(const char *member)
{
    return iv_ascii_isuffix(member, suffix) && strpbrk(member, "/\\") == NULL;
}

/* A new file: nothing of the one before it holds. */
static void on_file(void *context, const struct iv_xml_element *e)
{
    struct component *c = context;
    c->name = iv_arena_strdup(c->r->scratch, iv_xml_attribute(e, "name"));
    c->identity = true;
    c->size = 0;
}

/* Several transforms are applied one after the other, so all must be the identity. */
static void on_transform(void *context, const struct iv_xml_element *e)
{
    struct component *c = context;
    const char *algorithm = iv_xml_attribute(e, "Algorithm");
    c->identity = c->identity && algorithm != NULL && strcmp(algorithm, IDENTITY) == 0;
}

/* By the end of the URI, as the two standards that define these have different beginnings. */
static void on_method(void *context, const struct iv_xml_element *e)
{
    struct component *c = context;
    const char *algorithm = iv_xml_attribute(e, "Algorithm");
    c->size = algorithm == NULL                       ? 0
              : iv_ascii_isuffix(algorithm, "sha256") ? IV_SHA256_SIZE
              : iv_ascii_isuffix(algorithm, "sha1")   ? IV_SHA1_SIZE
                                                      : 0;
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

/* Exactly `size` bytes; white space around and within counts for nothing. */
static bool decode_base64(const char *text, unsigned char *ret_bytes, size_t size)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t used = 0;
    for (; *text != '\0' && *text != '='; text++) {
        int value = base64_value(*text);
        if (value < 0 && strchr(" \t\r\n", *text) != NULL) {
            continue;
        }
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            if (used == size) {
                return false;
            }
            ret_bytes[used++] = (unsigned char)(bits >> held);
        }
    }
    return used == size && text[strspn(text, "= \t\r\n")] == '\0';
}

/* The payload of a component lies in the folder that is named like its manifest. */
static void on_value(void *context, const struct iv_xml_element *e)
{
    struct component *c = context;
    if (c->name == NULL || !c->identity || c->size == 0) {
        return;
    }
    struct iv_arena *scratch = c->r->scratch;
    struct iv_claim claim = {.source = c->doc->member, .digest_size = c->size};
    if (!decode_base64(e->text, claim.digest, c->size)) {
        if (c->fault.kind == IV_FAULT_NONE) {
            c->fault = (struct iv_fault){
                .kind = IV_FAULT_MALFORMED,
                .line = e->line,
                .detail = iv_reader_printf(c->r, "the DigestValue of %s is no base64 of %zu bytes",
                                           iv_reader_shown(c->r, c->name), c->size),
            };
        }
        return;
    }
    size_t stem = strlen(c->doc->member) - (sizeof(suffix) - 1);
    claim.member = iv_arena_printf(scratch, "%.*s\\%s", (int)stem, c->doc->member, c->name);
    struct iv_claims *claims = c->claims;
    claims->items = iv_reader_grow(scratch, claims->items, claims->count, sizeof(*claims->items));
    claims->items[claims->count++] = claim;
}

bool iv_component_read(const struct iv_reader *r, const struct iv_document *doc,
                       struct iv_claims *claims, struct iv_fault *ret_fault)
{
    static const struct iv_xml_row rows[] = {
        {.path = "assembly"},
        {.path = "assembly/file", .start = on_file},
        {.path = "assembly/file/hash/Transforms/Transform", .start = on_transform},
        {.path = "assembly/file/hash/DigestMethod", .start = on_method},
        {.path = "assembly/file/hash/DigestValue", .end = on_value},
    };
    static const char *const namespaces[] = {
        "urn:schemas-microsoft-com:asm.v3",
        "urn:schemas-microsoft-com:cbs",
        "urn:schemas-microsoft-com:asm.v2",   /* of <hash> */
        "http://www.w3.org/2000/09/xmldsig#", /* of what it holds */
        NULL,
    };
    struct iv_xml_table table = {
        .namespaces = namespaces,
        .is_mixed = true,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    struct component c = {.r = r, .doc = doc, .claims = claims};
    size_t space = 0;
    /* On devices these are deltas: then the catalog alone vouches for the payload. */
    if (doc->size >= 3 && memcmp(doc->bytes, "DCM", 3) == 0) {
        return true;
    }
    if (!iv_reader_xml(r, doc, &table, &c, &space, ret_fault)) {
        return false;
    }
    *ret_fault = c.fault;
    return c.fault.kind == IV_FAULT_NONE;
}
