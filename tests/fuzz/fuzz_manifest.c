/*
 * Fuzz entry for the readers of manifests and metadata. The first byte chooses the reader, the rest
 * is the document. Build with libFuzzer (clang -fsanitize=fuzzer) or with tests/fuzz's own driver.
 */
#include "imgval/input/manifest.h"
#include "imgval/input/metadata.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_package(const struct iv_reader *r, const struct iv_document *doc, bool is_mum)
{
    struct iv_package package = {.path = doc->path, .container = IV_CONTAINER_FOLDER};
    struct iv_file_list list = {0};
    bool whole =
        is_mum ? iv_mum_read(r, doc, &package, &list) : iv_dsm_read(r, doc, &package, &list);
    iv_file_list_apply(r, &list, whole, &package);
    iv_file_list_payload(r, &list, &package);
    iv_package_set_key(r->arena, &package, package.path);
}

static void read_chosen(const struct iv_reader *r, const struct iv_document *doc, unsigned choice)
{
    struct iv_metadata how = {.rank = IV_RANK_REGISTRY, .any_root = (choice & 8) != 0};
    switch (choice % 8) {
    case 0:
    case 1:
        read_package(r, doc, choice % 8 == 1);
        break;
    case 2:
        iv_history_read(r, doc);
        break;
    case 3:
        iv_registry_read(r, doc, &how);
        break;
    case 4:
        iv_registry_read_manifest(r, doc, &how);
        break;
    case 5:
        if (iv_answer_is(doc->bytes, doc->size)) {
            iv_answer_read(r, doc, &how);
        }
        break;
    case 6:
        iv_device_info_read(r, doc);
        break;
    case 7:
        iv_oem_input_read(r, doc);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_limits limits = iv_limits_default();
    struct iv_facts facts = {0};
    struct iv_reader r = {
        .limits = &limits,
        .want_files = (data[0] & 16) != 0,
        .arena = &arena,
        .scratch = &scratch,
        .facts = &facts,
    };
    /* Readers are handed bytes that a NUL follows (iv_buf). */
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_add(&buf, data + 1, size - 1);
    struct iv_document doc = {
        .path = "fuzz",
        .source = "fuzz",
        .bytes = iv_buf_text(&buf),
        .size = buf.size,
    };
    read_chosen(&r, &doc, data[0]);
    return 0;
}
