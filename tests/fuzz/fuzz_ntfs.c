/*
 * Fuzz entry of the NTFS reader past its first line of defence: as fuzz_volume, but the fix-ups
 * of records and index blocks are put right before the volume is opened, and mutations go where the
 * metadata are. Without either hardly a mutation of a volume of megabytes is seen at all.
 */
#define LLVMFuzzerTestOneInput read_volume
#include "fuzz_volume.c"
#undef LLVMFuzzerTestOneInput

#define STRIDE 512u
#define BLOCKS_MAX 4096u
#define WORDS_MAX 129u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static bool is_block(const uint8_t *data, size_t size, size_t at)
{
    return size - at >= 1024 &&
           (memcmp(data + at, "FILE", 4) == 0 || memcmp(data + at, "INDX", 4) == 0);
}

/* The words at the ends of the sectors become what the array of fix-ups wants there. */
static void put_right(uint8_t *block, size_t left)
{
    size_t array = block[4] | (size_t)block[5] << 8;
    size_t count = block[6] | (size_t)block[7] << 8;
    if (count > WORDS_MAX || array + 2 > left) {
        return;
    }
    for (size_t i = 1; i < count && i * STRIDE <= left; i++) {
        memcpy(block + i * STRIDE - 2, block + array, 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    for (size_t at = 0; at + STRIDE <= size; at += STRIDE) {
        if (is_block(copy, size, at)) {
            put_right(copy + at, size - at);
        }
    }
    int result = read_volume(copy, size);
    free(copy);
    return result;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* One change in the first `size` bytes of a block: a bit, a byte, or a number that is at a limit.
 */
static void change(uint8_t *block, size_t size, uint64_t *state)
{
    static const uint64_t numbers[] = {0,      1,      2,          7,          8,         0x10,
                                       0x7F,   0x80,   0xFF,       0x100,      0x1FF,     0x400,
                                       0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, UINT64_MAX};
    uint64_t dice = next_random(state);
    size_t at = (size_t)(next_random(state) % size);
    if (dice % 4 == 0) {
        block[at] ^= (uint8_t)(1u << (dice >> 8) % 8);
    } else if (dice % 4 == 1) {
        block[at] = (uint8_t)(dice >> 8);
    } else if (dice % 4 == 2 && size > 16) { /* something else of the same block */
        size_t from = (size_t)(next_random(state) % (size - 8));
        memmove(block + at % (size - 8), block + from, 1 + (dice >> 8) % 8);
    } else {
        uint64_t number = numbers[(dice >> 8) % (sizeof(numbers) / sizeof(numbers[0]))];
        for (size_t i = 0; i < (size_t)1 << (dice >> 16) % 4 && at + i < size; i++) {
            block[at + i] = (uint8_t)(number >> 8 * i);
        }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static size_t places[BLOCKS_MAX];
    size_t count = 0;
    uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (size_t at = 0; at + STRIDE <= size && count < BLOCKS_MAX; at += STRIDE) {
        if (at == 0 || is_block(data, size, at)) {
            places[count++] = at;
        }
    }
    if (count < 2 || next_random(&state) % 16 == 0) {
        return LLVMFuzzerMutate(data, size, max);
    }
    for (uint64_t i = 1 + next_random(&state) % 3; i > 0; i--) {
        size_t place = places[next_random(&state) % count];
        change(data + place, place == 0 ? 90 : 600, &state);
    }
    return size;
}
