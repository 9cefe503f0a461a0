/* Customization answer files: documents with the root ImageCustomizations, in which a Static part
 * and any number of Variant parts set device values. What stands in a Variant is a group: its
 * operator goes with its model, and not with that of another. device.c makes variants of the
 * groups. */
#include "imgval/base/strings.h"
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/metadata.h"

#include <string.h>

#define ROOT "ImageCustomizations"
/* Where a root that comes after comments is looked for. */
#define HEAD_SIZE ((size_t)4096)
/* Names of variants that are compared; those after them all get their number. */
#define NAMED_MAX 1000u

struct answer {
    const struct iv_reader *r;
    const struct iv_document *doc;
    enum iv_rank rank;
    const char *group; /* the Variant in hand; NULL: Static */
    size_t variants;
    struct iv_strings named; /* groups of variants with a name, the first NAMED_MAX */
    struct iv_fault fault;   /* the first setting that cannot be used */
};

/* Values from here on hold for every variant. */
static void on_static(void *context, const struct iv_xml_element *e)
{
    (void)e;
    struct answer *answer = context;
    answer->group = NULL;
}

/* Variants are different groups, whatever they are called and in whichever file they stand: what
 * one of them lacks is not taken from another of the same name. */
static void on_variant(void *context, const struct iv_xml_element *e)
{
    struct answer *answer = context;
    const char *name = iv_xml_attribute(e, "Name");
    const char *source = answer->doc->source;
    answer->variants++;
    if (name == NULL || *name == '\0') {
        answer->group =
            iv_arena_printf(answer->r->scratch, "%s: variant %zu", source, answer->variants);
        return;
    }
    const char *group = iv_arena_printf(answer->r->scratch, "%s: %s", source, name);
    bool is_taken = answer->named.count == NAMED_MAX;
    for (size_t i = 0; i < answer->named.count && !is_taken; i++) {
        is_taken = strcmp(answer->named.items[i], group) == 0;
    }
    if (is_taken) {
        answer->group =
            iv_arena_printf(answer->r->scratch, "%s (variant %zu)", group, answer->variants);
        return;
    }
    iv_strings_add(answer->r->scratch, &answer->named, group);
    answer->group = group;
}

/* The first is enough: the file is then known not to mean what it says. */
static void odd_setting(struct answer *answer, uint64_t line, const char *detail)
{
    if (answer->fault.kind == IV_FAULT_NONE) {
        answer->fault =
            (struct iv_fault){.kind = IV_FAULT_MALFORMED, .line = line, .detail = detail};
    }
}

/* Whether the file is there is for the parent to say, which knows them all. */
static void on_import(void *context, const struct iv_xml_element *e)
{
    struct answer *answer = context;
    struct iv_facts *facts = answer->r->facts;
    const char *source = iv_xml_attribute(e, "Source");
    const char *name = source == NULL ? NULL : iv_reader_trimmed(answer->r->arena, source);
    if (name == NULL) {
        odd_setting(answer, e->line, "an <Import> without Source");
        return;
    }
    facts->imports = iv_reader_grow(answer->r->arena, facts->imports, facts->import_count,
                                    sizeof(*facts->imports));
    facts->imports[facts->import_count++] = (struct iv_answer_import){
        .path = answer->doc->path,
        .source = iv_arena_strdup(answer->r->arena, iv_reader_shown(answer->r, name)),
        .line = e->line,
    };
}

/*
 * Known names count under every Settings path: only DeviceInfo/Static and DeviceInfo/Variant hold
 * them in the documentation, other paths are seen in the field. The tools compare names with case.
 */
static void on_setting(void *context, const struct iv_xml_element *e)
{
    struct answer *answer = context;
    const char *name = iv_xml_attribute(e, "Name");
    const char *known = name == NULL ? NULL : iv_device_value_name(name);
    if (known == NULL) {
        return;
    }
    const char *value = iv_xml_attribute(e, "Value");
    if (strcmp(name, known) != 0) {
        odd_setting(answer, e->line,
                    iv_reader_printf(answer->r, "the setting '%s' is spelled %s, also in case",
                                     iv_reader_shown(answer->r, name), known));
    } else if (value == NULL) {
        odd_setting(answer, e->line,
                    iv_reader_printf(answer->r, "the setting %s has no Value", known));
    } else {
        iv_reader_datum_add(answer->r, known, value, answer->doc->source, answer->group,
                            answer->rank);
    }
}

/* As far as the document was well-formed, its values count: the fault beside them keeps a missing
 * one from being judged. */
void iv_answer_read(const struct iv_reader *r, const struct iv_document *doc,
                    const struct iv_metadata *how)
{
    static const struct iv_xml_row rows[] = {
        {.path = ROOT},
        {.path = ROOT "/Imports", .once = true},
        {.path = ROOT "/Imports/Import", .start = on_import},
        {.path = ROOT "/Targets", .once = true},
        {.path = ROOT "/Static", .start = on_static},
        {.path = ROOT "/Static/Settings/Setting", .start = on_setting},
        {.path = ROOT "/Variant", .start = on_variant},
        {.path = ROOT "/Variant/Settings/Setting", .start = on_setting},
    };
    static const char *const namespaces[] = {
        "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate",
        NULL,
    };
    struct answer answer = {.r = r, .doc = doc, .rank = how->rank};
    struct iv_xml_table table = {
        .namespaces = namespaces,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    struct iv_fault fault = {0};
    size_t space = 0;
    if (iv_reader_xml(r, doc, &table, &answer, &space, &fault)) {
        fault = answer.fault;
    }
    if (fault.kind != IV_FAULT_NONE) {
        iv_reader_metadata_fault(r, how->package, doc, &fault);
    }
}

/* Finds the word in text of one or two bytes to a character. */
static bool has_word(const char *bytes, size_t size)
{
    char narrow[HEAD_SIZE + 1];
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\0') {
            narrow[length++] = bytes[i];
        }
    }
    narrow[length] = '\0';
    return strstr(narrow, ROOT) != NULL;
}

/* By the root where it can be seen; a document that is damaged before its root is one if the name
 * stands near its beginning, so that its damage is reported. */
bool iv_answer_is(const char *bytes, size_t size)
{
    char root[IV_ROOT_NAME_SIZE];
    if (iv_reader_root_name(bytes, size, root)) {
        return strcmp(root, ROOT) == 0;
    }
    return has_word(bytes, size < HEAD_SIZE ? size : HEAD_SIZE);
}

/* What Windows provisioning tools made of answer files: it holds device values, and nobody here
 * reads it. */
bool iv_answer_is_datastore(const char *path)
{
    const char *name = iv_reader_last_part(path);
    return iv_ascii_ieq(name, "MasterDatastore.xml") || iv_ascii_ieq(name, "ProvisionData.cab");
}
