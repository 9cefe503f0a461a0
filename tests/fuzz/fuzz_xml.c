/*
 * Fuzz entry of the XML reader: any bytes, over a table with nested, repeated and shared paths.
 * Strings that handlers get are read to their end.
 */
#include "imgval/base/xml.h"

#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(const char *text)
{
    if (!iv_utf8_is_valid(text, strlen(text))) {
        abort();
    }
}

static void on_element(void *context, const struct iv_xml_element *element)
{
    size_t *count = context;
    *count += 1;
    see(element->text);
    for (size_t i = 0; i < element->attribute_count; i++) {
        see(element->attributes[i].name);
        see(element->attributes[i].value);
    }
    if (element->line == 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const namespaces[] = {"urn:schemas-microsoft-com:asm.v3", "urn:x", "", NULL};
    static const struct iv_xml_row rows[] = {
        {.path = "assembly", .start = on_element, .end = on_element},
        {.path = "assembly/assemblyIdentity", .start = on_element},
        {.path = "assembly/package/customInformation/file", .start = on_element},
        {.path = "a", .start = on_element, .end = on_element},
        {.path = "a/b", .start = on_element, .end = on_element},
        {.path = "a/b/c", .end = on_element},
    };
    static const struct iv_xml_table table = {
        .namespaces = namespaces,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    struct iv_limits limits = iv_limits_default();
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_xml_error fault = {0};
    size_t namespace_index = 99;
    size_t count = 0;
    const struct iv_xml_input input = {
        .bytes = (const char *)data, .size = size, .limits = &limits, .arena = &arena};
    bool read = iv_xml_read(&input, &table, &count, &namespace_index, &fault);
    if (read ? namespace_index >= 3 : fault.state == IV_XML_FINE || fault.detail == NULL) {
        abort();
    }
    iv_arena_fini(&arena);
    return 0;
}
