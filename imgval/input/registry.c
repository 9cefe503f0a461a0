/*
 * Device values from registry text (.reg, .rga) and from the registryKeys of CBS manifests.
 * Encodings and forms: imgval-formats(5), METADATA.
 *
 * Only the key DeviceTargetingInfo matters: what is odd under other keys is passed over, unless it
 * leaves in doubt where that key begins. The text is read line by line by its first character: '['
 * begins a key, '"' or '@' a value, ';' a comment; a value may go on over several lines. The order
 * counts as it does for regedit: a later value replaces an earlier one, and [-KEY] or "Name"=- take
 * values away again. Where a known value is there and cannot be understood, what an earlier line
 * said is dropped as well, so that a stale value is not taken for the device's.
 */
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/gzip.h"
#include "imgval/input/metadata.h"

#include <string.h>

/* Faults of one source that are reported. */
#define FAULTS_MAX 20

/* ------------------------------------------------------------------------------------------ key */

/* What follows the first of the roots that the key begins with, up to the end of a part; NULL:
 * none. */
static const char *after_root(const char *key, const char *const *roots)
{
    for (; *roots != NULL; roots++) {
        size_t length = strlen(*roots);
        if (iv_ascii_iprefix(key, *roots) && (key[length] == '\\' || key[length] == '\0')) {
            return key + length;
        }
    }
    return NULL;
}

/* What follows the root of the hive SYSTEM. With `any_root` that may be a hive under another name:
 * people mount the hive of an image (HKLM\RTSYSTEM) and export from there. */
static const char *after_system(const char *key, bool any_root)
{
    static const char *const systems[] = {"HKEY_LOCAL_MACHINE\\SYSTEM", "HKLM\\SYSTEM",
                                          "$(hklm)\\SYSTEM", "$(hklm.system)", NULL};
    static const char *const machines[] = {"HKEY_LOCAL_MACHINE", "HKLM", "HKEY_USERS", "HKU", NULL};
    const char *rest = after_root(key, systems);
    if (rest != NULL || !any_root) {
        return rest;
    }
    rest = after_root(key, machines);
    return rest == NULL || *rest == '\0' ? NULL : rest + 1 + strcspn(rest + 1, "\\");
}

/* Keys above the one that matters are known too: deleting one of them deletes it. */
enum iv_registry_place iv_registry_place_of(const char *key, bool any_root)
{
    static const char tail[] = "\\Platform\\DeviceTargetingInfo";
    static const char above[] = "\\Platform";
    const char *rest = after_system(key, any_root);
    if (rest == NULL) {
        return IV_REGISTRY_OTHER;
    }
    size_t length = strlen(rest);
    while (length > 0 && rest[length - 1] == '\\') {
        length--; /* a backslash at the end names the same key */
    }
    if (length == sizeof(tail) - 1 && iv_ascii_iprefix(rest, tail)) {
        return IV_REGISTRY_TARGETING;
    }
    bool is_above = length == 0 || (length == sizeof(above) - 1 && iv_ascii_iprefix(rest, above));
    return is_above ? IV_REGISTRY_ABOVE : IV_REGISTRY_OTHER;
}

/* Finds an ASCII word, folded, in text of one or two bytes to a character. Its first character must
 * not come again in it. */
static bool has_word(const char *bytes, size_t size, const char *word)
{
    const char *next = word;
    for (size_t i = 0; i < size; i++) {
        char c = iv_ascii_lower(bytes[i]);
        if (c == '\0') {
            continue;
        }
        if (c != *next) {
            next = word;
        }
        next += c == *next ? 1 : 0;
        if (*next == '\0') {
            return true;
        }
    }
    return false;
}

/*
 * Whether a registry file or manifest has anything to say about DeviceTargetingInfo: its key, or
 * the one that holds it, must be named. Most have not, and are not parsed. (Character references
 * can name it in XML; what is packed in itself is looked at by its reader.)
 */
bool iv_registry_may_name_key(const char *bytes, size_t size)
{
    return has_word(bytes, size, "platform") || has_word(bytes, size, "&#") ||
           iv_gzip_is(bytes, size) || (size >= 3 && memcmp(bytes, "DCM", 3) == 0);
}

/* ----------------------------------------------------------------------------------------- text */

/* Registry text in hand, decoded to UTF-8. */
struct registry {
    const struct iv_reader *r;
    const struct iv_document *doc;
    const struct iv_metadata *how;
    const char *at; /* the text is followed by a NUL and has none inside */
    uint64_t line;
    bool narrow;         /* REGEDIT4: hex strings have 8 bits to a character */
    bool in_key;         /* below DeviceTargetingInfo */
    bool recognised;     /* a header or a key was seen */
    uint64_t stray_line; /* the first line that is nothing, before either; 0: none */
    size_t faults;
};

/* A fault at a line, on the package that holds the text or on the item itself. */
static void malformed(struct registry *reg, uint64_t line, const char *detail)
{
    if (reg->faults++ < FAULTS_MAX) {
        struct iv_fault fault = {.kind = IV_FAULT_MALFORMED, .line = line, .detail = detail};
        iv_reader_metadata_fault(reg->r, reg->how->package, reg->doc, &fault);
    }
}

static void skip_blanks(struct registry *reg)
{
    while (*reg->at == ' ' || *reg->at == '\t') {
        reg->at++;
    }
}

static bool is_line_end(char c)
{
    return c == '\0' || c == '\n' || c == '\r';
}

/* Goes past the line break at the place, if there is one. */
static void skip_break(struct registry *reg)
{
    if (*reg->at == '\0') {
        return;
    }
    reg->at += reg->at[0] == '\r' && reg->at[1] == '\n' ? 2 : 1;
    reg->line++;
}

/* To the beginning of the next one; the line is counted. */
static void skip_line(struct registry *reg)
{
    while (!is_line_end(*reg->at)) {
        reg->at++;
    }
    skip_break(reg);
}

/* Nothing but blanks and a comment up to the end of the line. */
static bool is_rest_empty(struct registry *reg)
{
    skip_blanks(reg);
    return is_line_end(*reg->at) || *reg->at == ';';
}

/*
 * A string in quotes; the place is after the opening one, and then after the closing one. It may
 * run over several lines, as regedit writes them. A line that begins with '[' ends it: better a
 * fault than a key that is not seen.
 */
static bool read_string(struct registry *reg, struct iv_buf *buf)
{
    for (;;) {
        char c = *reg->at;
        if (c == '"') {
            reg->at++;
            return true;
        }
        if (c == '\0') {
            return false;
        }
        if (is_line_end(c)) {
            skip_break(reg);
            iv_buf_putc(buf, '\n');
            if (reg->at[strspn(reg->at, " \t")] == '[') {
                return false;
            }
            continue;
        }
        if (c == '\\' && (reg->at[1] == '\\' || reg->at[1] == '"')) {
            reg->at++;
            c = *reg->at;
        }
        iv_buf_putc(buf, c);
        reg->at++;
    }
}

/* Data that are no string: up to the end of the line; a backslash there joins the next one. */
static void read_data(struct registry *reg, struct iv_buf *buf)
{
    for (;;) {
        size_t length = strcspn(reg->at, "\r\n");
        const char *start = reg->at;
        reg->at += length;
        while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t')) {
            length--;
        }
        bool joined = length > 0 && start[length - 1] == '\\';
        iv_buf_add(buf, start, joined ? length - 1 : length);
        if (!joined || *reg->at == '\0') {
            return;
        }
        skip_break(reg);
        skip_blanks(reg);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = iv_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "41,00,42,00" -> bytes. */
static bool parse_hex(const char *text, struct iv_buf *bytes)
{
    while (*text != '\0') {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (high < 0) {
            return false;
        }
        iv_buf_putc(bytes, (char)(low < 0 ? high : high * 16 + low));
        text += low < 0 ? 1 : 2;
        text += strspn(text, " \t");
        if (*text == ',') {
            text++;
            text += strspn(text, " \t");
        } else if (*text != '\0') {
            return false;
        }
    }
    return true;
}

/* The string that hex(1) or hex(2) data hold, without the NULs at its end. */
static bool decode_hex_string(const struct registry *reg, const char *text, struct iv_buf *value)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    if (!parse_hex(text, &bytes)) {
        return false;
    }
    size_t unit = reg->narrow ? 1 : 2;
    size_t size = bytes.size;
    while (size >= unit && bytes.data[size - 1] == '\0' && bytes.data[size - unit] == '\0') {
        size -= unit;
    }
    if (size == 0) {
        return true;
    }
    if (!reg->narrow) {
        return iv_utf16_to_utf8(value, (const unsigned char *)bytes.data, size, false);
    }
    iv_buf_add(value, bytes.data, size);
    return memchr(bytes.data, 0, size) == NULL;
}

/* A known value; NULL: it is deleted. */
static void take(struct registry *reg, const char *name, const char *value)
{
    iv_reader_datum(reg->r, name, value, reg->doc->source, NULL, reg->how->rank);
}

/* A known value that is no text: what an earlier line said of it does not count any more. */
static void odd_value(struct registry *reg, uint64_t line, const char *name, const char *detail)
{
    iv_reader_datum_drop(reg->r, name, reg->doc->source);
    malformed(reg, line, detail);
}

/* Data under a known name of the key: REG_SZ, written as a string or as hex(1). */
static void take_data(struct registry *reg, uint64_t line, const char *name, const char *data)
{
    struct iv_buf value IV_CLEANUP(iv_buf_fini) = {0};
    const char *rest = data + 1 + (*data == '-' ? strspn(data + 1, " \t") : 0);
    if (*data == '-' && (*rest == '\0' || *rest == ';')) {
        take(reg, name, NULL); /* deletes the value */
        return;
    }
    bool is_string = iv_ascii_iprefix(data, "hex(1):") || iv_ascii_iprefix(data, "hex(2):");
    if (!is_string) {
        odd_value(
            reg, line, name,
            iv_reader_printf(reg->r, "%s is no string: '%s'", name, iv_reader_shown(reg->r, data)));
        return;
    }
    if (!decode_hex_string(reg, data + strlen("hex(1):"), &value)) {
        odd_value(reg, line, name, iv_reader_printf(reg->r, "%s has malformed hex data", name));
        return;
    }
    take(reg, name, iv_buf_text(&value));
}

/* "Name"=... or @=... ; the place is on the first character. */
static void read_value(struct registry *reg)
{
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf data IV_CLEANUP(iv_buf_fini) = {0};
    uint64_t line = reg->line;
    if (*reg->at++ == '"' && !read_string(reg, &name)) {
        malformed(reg, line, "a name in quotes without its end");
        return;
    }

    /* Of the data: a string in quotes, or anything else up to the end of the line. */
    skip_blanks(reg);
    bool is_value = *reg->at == '=' && reg->line == line;
    reg->at += is_value;
    skip_blanks(reg);
    const char *known = reg->in_key ? iv_device_value_name(iv_buf_text(&name)) : NULL;
    if (is_value && *reg->at == '"') {
        reg->at++;
        if (!read_string(reg, &data)) {
            if (known != NULL) {
                iv_reader_datum_drop(reg->r, known, reg->doc->source);
            }
            malformed(reg, line, "a string in quotes without its end");
            return;
        }
        bool whole = is_rest_empty(reg);
        const char *detail = "a value that is not a string in quotes on one line";
        if (known != NULL && whole && reg->line == line) {
            take(reg, known, iv_buf_text(&data));
        } else if (known != NULL) {
            odd_value(reg, line, known, detail);
        } else if (reg->in_key && !whole) {
            malformed(reg, line, detail);
        }
    } else if (is_value) {
        read_data(reg, &data);
        if (known != NULL) {
            take_data(reg, line, known, iv_buf_text(&data));
        }
    } else if (reg->in_key) {
        malformed(reg, line, "a value without =");
    }
    skip_line(reg);
}

/* [-KEY]: the key and all below it are gone; what follows up to the next key is of no key. */
static void delete_key(struct registry *reg, const char *key)
{
    if (iv_registry_place_of(key, reg->how->any_root) == IV_REGISTRY_OTHER) {
        return;
    }
    for (const char *const *name = iv_device_value_names; *name != NULL; name++) {
        take(reg, *name, NULL);
    }
}

/* [KEY]. A key may hold brackets itself, and so may a comment after it: the last bracket of the
 * line ends the key, unless the key up to there is of no interest; then the first one is tried. */
static void read_key(struct registry *reg)
{
    const char *start = reg->at + 1;
    size_t length = strcspn(start, "\r\n");
    char *line = iv_arena_strndup(reg->r->scratch, start, length);
    reg->recognised = true;
    reg->in_key = false;
    char *last = strrchr(line, ']');
    if (last == NULL) {
        if (iv_ascii_ifind(line, "DeviceTargetingInfo") != NULL) {
            malformed(reg, reg->line, "a key without its closing bracket");
        }
    } else {
        bool is_deleted = *line == '-';
        const char *key = line + (is_deleted ? 1 : 0);
        char *first = strchr(line, ']');
        *last = '\0';
        if (first != last && iv_registry_place_of(key, reg->how->any_root) == IV_REGISTRY_OTHER) {
            *first = '\0';
        }
        if (is_deleted) {
            delete_key(reg, key);
        } else {
            reg->in_key = iv_registry_place_of(key, reg->how->any_root) == IV_REGISTRY_TARGETING;
        }
    }
    skip_line(reg);
}

/* A header, or a line that is nothing: a fault under the key, and where nothing in the whole file
 * looks like registry text. */
static void read_other(struct registry *reg)
{
    if (iv_ascii_iprefix(reg->at, "Windows Registry Editor")) {
        reg->recognised = true;
        reg->narrow = false;
    } else if (iv_ascii_iprefix(reg->at, "REGEDIT4")) {
        reg->recognised = true;
        reg->narrow = true;
    } else if (reg->in_key) {
        malformed(reg, reg->line, "a line that is no key, value or comment");
    } else if (!reg->recognised && reg->stray_line == 0) {
        reg->stray_line = reg->line;
    }
    skip_line(reg);
}

void iv_registry_read(const struct iv_reader *r, const struct iv_document *doc,
                      const struct iv_metadata *how)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    if (!iv_reader_decode(r, doc, &text, &fault)) {
        iv_reader_metadata_fault(r, how->package, doc, &fault);
        return;
    }
    struct registry reg = {.r = r, .doc = doc, .how = how, .at = iv_buf_text(&text), .line = 1};
    while (*reg.at != '\0') {
        skip_blanks(&reg);
        if (strncmp(reg.at, "\xEF\xBB\xBF", 3) == 0) {
            reg.at += 3; /* of a file that was appended to another */
            continue;
        }
        if (*reg.at == '[') {
            read_key(&reg);
        } else if (*reg.at == '"' || *reg.at == '@') {
            read_value(&reg);
        } else if (is_line_end(*reg.at) || *reg.at == ';') {
            skip_line(&reg);
        } else {
            read_other(&reg);
        }
    }
    if (reg.stray_line != 0 && !reg.recognised) {
        malformed(&reg, reg.stray_line, "not registry text: no header and no key");
    }
}

/* ----------------------------------------------------------------------------------- manifests */

/* A component manifest in hand. */
struct manifest {
    const struct iv_reader *r;
    const struct iv_document *doc;
    const struct iv_metadata *how;
    bool in_key;
    struct iv_fault fault; /* the first value that cannot be used */
};

/* A manifest names its keys in full, so one is inside or outside of the key that matters. */
static void on_key(void *context, const struct iv_xml_element *e)
{
    struct manifest *m = context;
    const char *key = iv_xml_attribute(e, "keyName");
    m->in_key = key != NULL && iv_registry_place_of(key, m->how->any_root) == IV_REGISTRY_TARGETING;
}

/* Whether the manifest gave the value another text before: which of the two counts is not known. */
static bool has_other_text(const struct manifest *m, const char *known, const char *value)
{
    const struct iv_facts *facts = m->r->facts;
    for (size_t i = 0; i < facts->datum_count; i++) {
        const struct iv_datum *datum = &facts->data[i];
        if (strcmp(datum->name, known) == 0 && strcmp(datum->source, m->doc->source) == 0 &&
            strcmp(datum->value, value) != 0) {
            return true;
        }
    }
    return false;
}

/* What keeps a value from being the text that it shows, one clause; NULL: nothing. */
static const char *find_oddity(const struct manifest *m, const char *known,
                               const struct iv_xml_element *e)
{
    const char *value = iv_xml_attribute(e, "value");
    const char *type = iv_xml_attribute(e, "valueType");
    const char *hint = iv_xml_attribute(e, "operationHint");
    if (value == NULL) {
        return iv_reader_printf(m->r, "%s has no value", known);
    }
    if (type != NULL && !iv_ascii_ieq(type, "REG_SZ") && !iv_ascii_ieq(type, "REG_EXPAND_SZ")) {
        return iv_reader_printf(m->r, "%s has the type %s", known, iv_reader_shown(m->r, type));
    }
    if (hint != NULL && !iv_ascii_ieq(hint, "replace")) {
        return iv_reader_printf(m->r, "%s has the operationHint %s, not replace", known,
                                iv_reader_shown(m->r, hint));
    }
    return has_other_text(m, known, value)
               ? iv_reader_printf(m->r, "%s is set twice, to different values", known)
               : NULL;
}

static void on_value(void *context, const struct iv_xml_element *e)
{
    struct manifest *m = context;
    const char *name = iv_xml_attribute(e, "name");
    const char *known = m->in_key && name != NULL ? iv_device_value_name(name) : NULL;
    if (known == NULL) {
        return;
    }
    const char *oddity = find_oddity(m, known, e);
    if (oddity == NULL) {
        iv_reader_datum(m->r, known, iv_xml_attribute(e, "value"), m->doc->source, NULL,
                        m->how->rank);
        return;
    }
    iv_reader_datum_drop(m->r, known, m->doc->source);
    if (m->fault.kind == IV_FAULT_NONE) {
        m->fault = (struct iv_fault){.kind = IV_FAULT_MALFORMED, .line = e->line, .detail = oddity};
    }
}

void iv_registry_read_manifest(const struct iv_reader *r, const struct iv_document *doc,
                               const struct iv_metadata *how)
{
    static const struct iv_xml_row rows[] = {
        /* Named so that manifests without keys have a known root. */
        {.path = "assembly"},
        {.path = "assembly/registryKeys/registryKey", .start = on_key},
        {.path = "assembly/registryKeys/registryKey/registryValue", .start = on_value},
    };
    static const char *const namespaces[] = {
        "urn:schemas-microsoft-com:asm.v3",
        "urn:schemas-microsoft-com:cbs",
        NULL,
    };
    struct manifest m = {.r = r, .doc = doc, .how = how};
    struct iv_xml_table table = {
        .namespaces = namespaces,
        .is_mixed = true,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    struct iv_fault fault = {0};
    size_t space = 0;
    if (doc->size >= 3 && memcmp(doc->bytes, "DCM", 3) == 0) {
        fault = (struct iv_fault){
            .kind = IV_FAULT_UNSUPPORTED,
            .detail = "a compressed component manifest (DCM), which this build cannot read",
        };
    } else if (iv_reader_xml(r, doc, &table, &m, &space, &fault)) {
        fault = m.fault;
    }
    if (fault.kind != IV_FAULT_NONE) {
        iv_reader_metadata_fault(r, how->package, doc, &fault);
    }
}
