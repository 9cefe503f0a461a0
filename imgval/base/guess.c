/*
 * The distance counts letters that were left out, added, changed, or swapped with their neighbour
 * (optimal string alignment), case aside. Three rows of the usual table are enough. A candidate is
 * near enough with one slip in three letters, and never with more than three.
 */
#include "imgval/base/guess.h"

#include "imgval/base/text.h"

#include <string.h>

enum { WORD_MAX = 48 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* rows[i % 3][k]: what it takes to make the first k letters of b of the first i of a. A swap looks
 * two rows back. */
static unsigned distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[3][WORD_MAX + 1];
    for (size_t k = 0; k <= b_size; k++) {
        rows[0][k] = (unsigned)k;
    }
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *before = rows[(i + 2) % 3];
        const unsigned *twice = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t k = 1; k <= b_size; k++) {
            const char x = iv_ascii_lower(a[i - 1]);
            const char y = iv_ascii_lower(b[k - 1]);
            now[k] = least(before[k] + 1, now[k - 1] + 1);
            now[k] = least(now[k], before[k - 1] + (x == y ? 0 : 1));
            if (i > 1 && k > 1 && x == iv_ascii_lower(b[k - 2]) && iv_ascii_lower(a[i - 2]) == y) {
                now[k] = least(now[k], twice[k - 2] + 1);
            }
        }
    }
    return rows[a_size % 3][b_size];
}

/* Of equally near ones the first that was offered stays. */
void iv_guess_offer(struct iv_guess *guess, const char *candidate)
{
    const size_t word_size = strlen(guess->word);
    const size_t size = strlen(candidate);
    if (word_size == 0 || word_size > WORD_MAX || size > WORD_MAX) {
        return;
    }
    const unsigned slips = distance(guess->word, word_size, candidate, size);
    const unsigned allowed = least(3, (unsigned)(word_size + 2) / 3);
    if (slips <= allowed && slips < size && (guess->best == NULL || slips < guess->distance)) {
        guess->best = candidate;
        guess->distance = slips;
    }
}
