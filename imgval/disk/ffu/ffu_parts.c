/* What every part of the FFU reader needs: how a wrong value is reported, and reads that stay
 * within the file. */
#include "imgval/disk/ffu/ffu_parts.h"

#include <inttypes.h>

bool iv_ffu_wrong(struct iv_faults *faults, const char *field, uint64_t offset, uint64_t value,
                  const char *why)
{
    return iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                         "%s at offset %" PRIu64 " is %" PRIu64 ": %s", field, offset, value, why);
}

/* Past the end there are two cases. What the header does not even account for is a wrong header.
 * Else the file is cut, which is said once: everything after it would be missing too. */
bool iv_ffu_within(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                   const char *what, uint64_t offset, uint64_t size)
{
    uint64_t file = ffu->source.size;
    if (offset <= file && size <= file - offset) {
        return true;
    }
    uint64_t end = size > UINT64_MAX - offset ? UINT64_MAX : offset + size;
    if (end > ffu->covered) {
        return iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                             "%s at offset %" PRIu64 " with %" PRIu64
                             " bytes: the file ends at %" PRIu64
                             ", and its hash table covers no more than %" PRIu64,
                             what, offset, size, file, ffu->covered);
    }
    if (!ffu->is_short) {
        ffu->is_short = true;
        image->truncated = (file - ffu->base) % ffu->chunk_size == 0;
        (void)iv_faults_add(
            faults, IV_FAULT_TRUNCATED, NULL,
            "%s ends at offset %" PRIu64 ", the file at %" PRIu64 "%s", what, end, file,
            image->truncated ? " on a chunk boundary, like a sample for signing the catalog" : "");
    }
    return false;
}

bool iv_ffu_read(const struct iv_ffu *ffu, struct iv_faults *faults, const char *what, void *bytes,
                 size_t size, uint64_t offset)
{
    return iv_source_read(&ffu->source, bytes, size, offset) ||
           iv_faults_add(faults, IV_FAULT_UNREADABLE, NULL,
                         "%s at offset %" PRIu64 " cannot be read", what, offset);
}
