/*
 * Fuzz entry of the facts codec, the one thing that the parent reads from a process that parsed
 * hostile input. The first byte chooses the table; what is accepted must encode to the same bytes.
 */
#include "imgval/base/attr.h"
#include "imgval/model/facts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct iv_struct *const tables[] = {
        &iv_facts_struct, &iv_package_struct, &iv_package_file_struct, &iv_fault_struct,
        &iv_datum_struct, &iv_history_struct, &iv_oem_input_struct,
    };
    if (size == 0) {
        return 0;
    }
    const struct iv_struct *type = tables[bytes[0] / 2 % IV_COUNT(tables)];
    unsigned uses = bytes[0] % 2 == 0 ? IV_FIELD_WIRE : IV_FIELD_STORED;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    void *object = iv_arena_alloc(&arena, type->size);
    if (iv_facts_decode(bytes + 1, size - 1, type, uses, &arena, object)) {
        struct iv_buf again IV_CLEANUP(iv_buf_fini) = {0};
        iv_facts_encode(&again, type, object, uses);
        if (again.size != size - 1 || memcmp(iv_buf_text(&again), bytes + 1, size - 1) != 0) {
            abort();
        }
    }
    return 0;
}
