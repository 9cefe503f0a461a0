#include "imgval/model/version.h"

#include "imgval/base/text.h"

#include <string.h>

bool iv_version_parse(const char *text, struct iv_version *ret_version)
{
    if (text == NULL) {
        return false;
    }
    struct iv_version version = {0};
    const char *at = text;
    for (size_t i = 0; i < 4; i++) {
        const char *end = i < 3 ? strchr(at, '.') : at + strlen(at);
        uint64_t value;
        if (end == NULL || !iv_parse_decimal(at, (size_t)(end - at), UINT16_MAX, &value)) {
            return false;
        }
        version.part[i] = (uint16_t)value;
        at = i < 3 ? end + 1 : end;
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
