/*
 * `imgval explain MESSAGE`: the rule of a message that somebody pasted from a log, a mail or the
 * document, clipped and wrapped as it may be.
 *
 * A text is taken as a sequence of words: punctuation, blanks and case only part them. A rule's
 * text has holes ({0}), which stand for any run of words. The pasted words are laid along the
 * rule's words by dynamic programming: both must run side by side without a gap except at holes,
 * but either may begin before the other and end after it (a clip, or a line with more around the
 * message). The score is the number of characters of the rule's own words in the overlap; the rule
 * with the highest score wins, if it is high enough to mean anything and if no other rule shares
 * it.
 */
#include "rules/match.h"

#include "imgval/base/text.h"
#include "rules/rules.h"
#include "rules/wording.h"

#include <string.h>

/* ---- pasted messages ----------------------------------------------------------------------- */

/* A message as words: runs of ASCII letters and digits. Everything else (blanks, line breaks,
 * hyphens, quotes, markdown) only parts them. */
struct word {
    const char *text; /* NULL: a hole */
    size_t size;
};

struct words {
    struct word *items;
    size_t count;
};

/* A clip shorter than this, in characters of the message's own words, names no rule. */
#define LEAST_SCORE 24

static bool is_word_byte(char c)
{
    char lower = iv_ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/* `holes`: the text is a rule's, and "{0}" is a hole. A word of one byte and a blank is the
 * shortest, which bounds their number. */
static void words_split(const char *text, bool holes, struct iv_arena *arena,
                        struct words *ret_words)
{
    size_t room = strlen(text) / 2 + 2;
    struct words words = {.items = IV_NEW_ARRAY(arena, struct word, room)};
    for (const char *p = text; *p != '\0';) {
        size_t hole = holes ? iv_rules_hole_size(p) : 0;
        if (hole > 0) {
            words.items[words.count++] = (struct word){0};
            p += hole;
        } else if (is_word_byte(*p)) {
            const char *start = p;
            while (is_word_byte(*p)) {
                p++;
            }
            words.items[words.count++] = (struct word){.text = start, .size = (size_t)(p - start)};
        } else {
            p++;
        }
    }
    *ret_words = words;
}

/* Two runs of bytes of one size, ASCII-folded. */
static bool is_same(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (iv_ascii_lower(a[i]) != iv_ascii_lower(b[i])) {
            return false;
        }
    }
    return true;
}

/* Whether pasted word `at` is this word; the first and the last one may be clipped. */
static bool word_equal(const struct word *word, const struct words *pasted, size_t at)
{
    const struct word *other = &pasted->items[at];
    if (other->size == word->size) {
        return is_same(word->text, other->text, word->size);
    }
    if (other->size > word->size) {
        return false;
    }
    return (at + 1 == pasted->count && is_same(word->text, other->text, other->size)) ||
           (at == 0 && is_same(word->text + word->size - other->size, other->text, other->size));
}

/* In the table of scores: no way leads here. 0 would mean that a match may start here. */
#define NO_MATCH ((size_t)-1)

/* The better of two scores, of which the second one may be none. */
static size_t larger(size_t a, size_t b)
{
    return b != NO_MATCH && b > a ? b : a;
}

/*
 * One step of the table: before[j] is the best score of the ways to bring the template's words up
 * to the previous one in line with pasted words that end before the j-th; after[j] with this word
 * too.
 */
static void score_word(const struct word *word, const struct words *pasted, const size_t *before,
                       size_t *after)
{
    after[0] = 0; /* no pasted word used yet: the message's head may be clipped */
    size_t best = before[0];
    for (size_t j = 1; j <= pasted->count; j++) {
        best = larger(best, before[j]);
        if (word->text == NULL) {
            after[j] = best; /* a hole takes any number of words */
        } else if (before[j - 1] != NO_MATCH && word_equal(word, pasted, j - 1)) {
            after[j] = before[j - 1] + pasted->items[j - 1].size + 1;
        } else {
            after[j] = NO_MATCH;
        }
    }
}

/*
 * The characters of the template's own words that stand in the pasted text, in order and without a
 * gap but at holes, when the two overlap: the match starts where one of them starts and ends where
 * one of them ends. 0 when they do not.
 */
static size_t overlap_score(const char *text, const struct words *pasted, struct iv_arena *arena)
{
    struct words words;
    words_split(text, true, arena, &words);
    size_t width = pasted->count + 1;
    size_t *before = IV_NEW_ARRAY(arena, size_t, width); /* 0: the message may start anywhere */
    size_t *after = IV_NEW_ARRAY(arena, size_t, width);
    size_t best = 0;
    for (size_t i = 0; i < words.count; i++) {
        score_word(&words.items[i], pasted, before, after);
        if (after[pasted->count] != NO_MATCH) {
            best = larger(best, after[pasted->count]);
        }
        size_t *swap = before;
        before = after;
        after = swap;
    }
    for (size_t j = 0; j < width; j++) {
        if (before[j] != NO_MATCH) {
            best = larger(best, before[j]);
        }
    }
    return best;
}

/* What the engine says when the value of a pattern row is wrong, or missing: such rows have no text
 * of their own, so it is composed as engine.c composes it. */
static size_t pattern_score(const struct iv_rule *rule, const struct words *pasted,
                            struct iv_arena *arena)
{
    const char *link = rule->argument != NULL ? ": it " : ": ";
    const char *clause = rule->argument != NULL ? rule->argument : rule->summary;
    const char *wrong = iv_arena_printf(arena, "%s is {0}%s%s", rule->field, link, clause);
    const char *missing = iv_arena_printf(arena, "%s is missing%s%s", rule->field, link, clause);
    return larger(overlap_score(wrong, pasted, arena), overlap_score(missing, pasted, arena));
}

/* The best score over all texts that a rule may be reported with. */
static size_t rule_score(const struct iv_rule *rule, const struct words *pasted,
                         struct iv_arena *arena)
{
    size_t best = 0;
    struct iv_arena_mark mark = iv_arena_mark(arena);
    if (rule->message != NULL) {
        best = overlap_score(rule->message, pasted, arena);
        iv_arena_reset(arena, mark);
    }
    if (rule->pattern != NULL) {
        best = larger(best, pattern_score(rule, pasted, arena));
        iv_arena_reset(arena, mark);
    }
    for (size_t i = 0; i < IV_COUNT(rule->alias) && rule->alias[i] != NULL; i++) {
        best = larger(best, overlap_score(rule->alias[i], pasted, arena));
        iv_arena_reset(arena, mark);
    }
    return best;
}

/* The rule with the best score; NULL when two share it, for then the clip does not say which. */
const struct iv_rule *iv_rules_find_message(const char *message)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct words pasted;
    words_split(message, false, &arena, &pasted);
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);

    const struct iv_rule *found = NULL;
    size_t best = LEAST_SCORE - 1;
    for (size_t i = 0; i < IV_RULE_FAMILIES; i++) {
        for (size_t k = 0; k < families[i].count; k++) {
            const struct iv_rule *rule = &families[i].rows[k];
            size_t score = rule_score(rule, &pasted, &arena);
            if (score > best) {
                best = score;
                found = rule;
            } else if (score == best) {
                found = NULL;
            }
        }
    }
    return found;
}
