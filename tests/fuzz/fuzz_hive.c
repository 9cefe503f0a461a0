/* Fuzz entry of the hive reader; the header's checksum is made right, so that the cells are met. */
#include "imgval/disk/hive.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void repair(unsigned char *bytes)
{
    unsigned char sum[4] = {0};
    for (size_t i = 0; i < 508; i++) {
        sum[i % 4] ^= bytes[i];
    }
    memcpy(bytes + 508, sum, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    if (bytes == NULL) {
        abort();
    }
    memcpy(bytes, data, size);
    if (size >= 512) {
        repair(bytes);
    }
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_hive hive;
    struct iv_hive_values values = {0};
    struct iv_fault fault = {0};
    bool is_fine = iv_hive_open(bytes, size, &hive, &fault);
    if (is_fine) {
        is_fine = iv_hive_values(&hive, "Platform\\DeviceTargetingInfo", &arena, &values, &fault) !=
                  IV_HIVE_TROUBLE;
    }
    if (!is_fine && (fault.kind != IV_FAULT_METADATA || fault.detail == NULL)) {
        abort();
    }
    for (size_t i = 0; i < values.count; i++) {
        /* NULL: what names it is damaged. Else it ends, and a unit of UTF-16 is at most 3 bytes. */
        if (values.items[i].name != NULL && strlen(values.items[i].name) > 3 * size) {
            abort();
        }
    }
    iv_arena_fini(&arena);
    free(bytes);
    return 0;
}
