/*
 * guess.h: what a misspelt word was probably meant to be: "did you mean". One measure for commands,
 * verbs, options, words of options, rule ids and names.
 */
#ifndef IMGVAL_BASE_GUESS_H
#define IMGVAL_BASE_GUESS_H

#include <stddef.h>

/* The best candidate so far; start with the word alone. */
struct iv_guess {
    const char *word;
    const char *best;  /* NULL: none is near enough */
    unsigned distance; /* of the best */
};

void iv_guess_offer(struct iv_guess *guess, const char *candidate);

#endif
