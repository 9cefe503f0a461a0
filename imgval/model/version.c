/*
 * Versions as four numbers, and which of a list break its order (the longest rising choice).
 */
#include "imgval/model/version.h"

#include "imgval/base/text.h"

#include <string.h>

bool iv_version_parse(const char *text, struct iv_version *ret_version)
{
    if (text == NULL) {
        return false;
    }
    struct iv_version version = {0};
    const char *at = text; /* by hand: there are several for each package */
    for (size_t i = 0; i < 4; i++, at++) {
        unsigned value = 0;
        const char *first = at;
        for (; *at >= '0' && *at <= '9' && value <= UINT16_MAX; at++) {
            value = value * 10 + (unsigned)(*at - '0');
        }
        if (at == first || value > UINT16_MAX || *at != (i < 3 ? '.' : '\0')) {
            return false;
        }
        version.part[i] = (uint16_t)value;
    }
    *ret_version = version;
    return true;
}

int iv_version_compare(struct iv_version a, struct iv_version b)
{
    for (size_t i = 0; i < 4; i++) {
        if (a.part[i] != b.part[i]) {
            return a.part[i] < b.part[i] ? -1 : 1;
        }
    }
    return 0;
}

bool iv_version_is_zero(struct iv_version version)
{
    return iv_version_compare(version, (struct iv_version){0}) == 0;
}

/*
 * From the end: `best[k]` is the greatest version that begins k + 1 of them in order, so `best`
 * falls and can be searched. Returns how many the version begins, and updates `best`.
 */
static size_t length_from(struct iv_version *best, size_t known, struct iv_version version)
{
    size_t from = 0;
    for (size_t to = known; from < to;) { /* the first that is below it */
        size_t middle = from + (to - from) / 2;
        if (iv_version_compare(best[middle], version) < 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    best[from] = version;
    return from + 1;
}

/*
 * The longest choice that does not fall, found from the end in O(n log n): lengths[i] is how many
 * can follow in order from i on, itself included. Then from the start: one is taken when it begins
 * exactly as many as are still wanted and is not below the last one taken, which makes it the
 * earliest choice.
 */
void iv_version_find_late(const struct iv_version *versions, size_t count, struct iv_arena *scratch,
                          bool *ret_is_late)
{
    struct iv_arena_mark mark = iv_arena_mark(scratch);
    struct iv_version *best = IV_NEW_ARRAY(scratch, struct iv_version, count + 1);
    size_t *lengths = IV_NEW_ARRAY(scratch, size_t, count + 1);
    size_t wanted = 0;
    for (size_t i = count; i-- > 0;) {
        lengths[i] = length_from(best, wanted, versions[i]);
        wanted = lengths[i] > wanted ? lengths[i] : wanted;
    }
    struct iv_version last = {0};
    for (size_t i = 0; i < count; i++) {
        /* One that begins more than is wanted would make the choice longer: there is none. */
        ret_is_late[i] = lengths[i] < wanted || iv_version_compare(versions[i], last) < 0;
        if (!ret_is_late[i]) {
            last = versions[i];
            wanted--;
        }
    }
    iv_arena_reset(scratch, mark);
}

void iv_version_format(struct iv_version version, char ret_text[IV_VERSION_TEXT_SIZE])
{
    char *place = ret_text; /* by hand: there are several for each package */
    for (size_t i = 0; i < 4; i++) {
        unsigned divisor = 1;
        while (version.part[i] / divisor >= 10) {
            divisor *= 10;
        }
        for (; divisor > 0; divisor /= 10) {
            *place++ = (char)('0' + version.part[i] / divisor % 10);
        }
        *place++ = i < 3 ? '.' : '\0';
    }
}
