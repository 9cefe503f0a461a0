/*
 * docread: what the readers of imgval make of documents, one line for each, for tests that compare
 * with other readers. Standard input holds any number of documents: a line "KIND SIZE" and so many
 * bytes; KIND is dsm, mum, reg, manifest (component manifest), answer, oem (OEMInput) or layout
 * (DeviceLayout). A line of output is "fine" or
 * "bad" (something was faulted), then for packages NAME=VALUE, for the others one field
 * NAME/GROUP=VALUE for each device value; texts in hexadecimal, "-" for none, values that are
 * deleted "-" too.
 */
#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/input/manifest.h"
#include "imgval/input/metadata.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT (64 << 20)

static void put_text(const char *text)
{
    struct iv_buf hex IV_CLEANUP(iv_buf_fini) = {0};
    if (text == NULL) {
        (void)putchar('-');
        return;
    }
    iv_hex_add(&hex, text, strlen(text));
    (void)fputs(iv_buf_text(&hex), stdout);
}

static void put_field(const char *name, const char *text)
{
    printf("\t%s=", name);
    put_text(text);
}

static void read_package(const struct iv_reader *r, const struct iv_document *doc, bool is_mum)
{
    struct iv_package p = {.path = doc->path, .container = IV_CONTAINER_FOLDER};
    struct iv_file_list list = {0};
    bool whole = is_mum ? iv_mum_read(r, doc, &p, &list) : iv_dsm_read(r, doc, &p, &list);
    printf("%s", whole && p.fault_count == 0 ? "fine" : "bad");
    put_field("owner", p.owner);
    put_field("component", p.component);
    put_field("sub", p.sub_component);
    put_field("culture", p.culture);
    put_field("resolution", p.resolution);
    put_field("name", p.identity_name);
    put_field("identifier", p.identifier);
    put_field("version", p.version);
    put_field("partition", p.partition);
    put_field("owner_type", p.owner_type);
    put_field("release_type", p.release_type);
    printf("\tremoval=%d\tbinary=%d\tfiles=%zu", p.removal, p.binary_partition, list.count);
}

static void put_values(const struct iv_facts *facts)
{
    printf("%s", facts->fault_count == 0 ? "fine" : "bad");
    for (size_t i = 0; i < facts->datum_count; i++) {
        printf("\t%s/", facts->data[i].name);
        put_text(facts->data[i].group);
        (void)putchar('=');
        put_text(facts->data[i].value);
    }
}

static void put_oem_input(const struct iv_facts *facts)
{
    const struct iv_oem_input *in = &facts->oem_input;
    printf("%s", facts->fault_count == 0 ? "fine" : "bad");
    put_field("product", in->product);
    put_field("soc", in->soc);
    put_field("device", in->device);
    put_field("release_type", in->release_type);
    put_field("build_type", in->build_type);
    printf("\tpackages=%zu", in->package_file_count);
}

static void put_layout(const struct iv_facts *facts)
{
    printf("%s", facts->fault_count == 0 ? "fine" : "bad");
    for (size_t i = 0; i < facts->image.claim_count; i++) {
        const struct iv_image_claim *claim = &facts->image.claims[i];
        put_field("name", claim->name);
        put_field("file_system", claim->file_system);
        printf("\trest=%d", claim->use_all_space);
    }
}

static bool read_document(const char *kind, const char *bytes, size_t size)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_limits limits = iv_limits_default();
    struct iv_facts facts = {0};
    struct iv_reader r = {.limits = &limits, .arena = &arena, .scratch = &scratch, .facts = &facts};
    struct iv_document doc = {.path = "d", .source = "d", .bytes = bytes, .size = size};
    static const struct iv_metadata how = {.rank = IV_RANK_REGISTRY};
    if (strcmp(kind, "dsm") == 0 || strcmp(kind, "mum") == 0) {
        read_package(&r, &doc, strcmp(kind, "mum") == 0);
    } else if (strcmp(kind, "reg") == 0) {
        iv_registry_read(&r, &doc, &how);
        put_values(&facts);
    } else if (strcmp(kind, "manifest") == 0) {
        iv_registry_read_manifest(&r, &doc, &how);
        put_values(&facts);
    } else if (strcmp(kind, "answer") == 0) {
        iv_answer_read(&r, &doc, &how);
        put_values(&facts);
    } else if (strcmp(kind, "oem") == 0) {
        iv_oem_input_read(&r, &doc);
        put_oem_input(&facts);
    } else if (strcmp(kind, "layout") == 0) {
        iv_device_layout_read(&r, &doc, true);
        put_layout(&facts);
    } else {
        return false;
    }
    (void)putchar('\n');
    return true;
}

int main(void)
{
    char kind[16];
    size_t size;
    while (scanf("%15s %zu", kind, &size) == 2 && getchar() == '\n' && size <= SIZE_LIMIT) {
        char *bytes = malloc(size + 1);
        bool is_read = bytes != NULL && fread(bytes, 1, size, stdin) == size &&
                       read_document(kind, bytes, size);
        free(bytes);
        if (!is_read) {
            return 1;
        }
    }
    return feof(stdin) ? 0 : 1;
}
