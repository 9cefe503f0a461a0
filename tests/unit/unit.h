/*
 * unit.h: the least that a unit test needs. Each test file is a program of its own: main() calls
 * its test functions and ends with `return unit_end();`. Not for the program itself: the counters
 * are the one global state that the project allows itself.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
    unsigned checks;
    unsigned failures;
};

static struct unit unit;

static inline bool unit_check(const char *file, int line, bool is_fine, const char *what)
{
    unit.checks++;
    if (!is_fine) {
        unit.failures++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    }
    return is_fine;
}

static inline bool unit_check_str(const char *file, int line, const char *got, const char *wanted,
                                  const char *what)
{
    bool is_equal = got == NULL || wanted == NULL ? got == wanted : strcmp(got, wanted) == 0;
    if (!unit_check(file, line, is_equal, what)) {
        fprintf(stderr, "    got    \"%s\"\n    wanted \"%s\"\n", got == NULL ? "(NULL)" : got,
                wanted == NULL ? "(NULL)" : wanted);
    }
    return is_equal;
}

static inline bool unit_check_int(const char *file, int line, long long got, long long wanted,
                                  const char *what)
{
    if (!unit_check(file, line, got == wanted, what)) {
        fprintf(stderr, "    got    %lld\n    wanted %lld\n", got, wanted);
    }
    return got == wanted;
}

/* Each gives whether it held. */
#define CHECK(cond) unit_check(__FILE__, __LINE__, (cond), #cond)
#define CHECK_STR(got, wanted) unit_check_str(__FILE__, __LINE__, (got), (wanted), #got)
#define CHECK_INT(got, wanted)                                                                     \
    unit_check_int(__FILE__, __LINE__, (long long)(got), (long long)(wanted), #got)

/* For main(): prints the count, gives the exit status. */
static inline int unit_end(void)
{
    printf("%u checks\n", unit.checks);
    if (unit.failures > 0) {
        fprintf(stderr, "%u of %u checks failed\n", unit.failures, unit.checks);
    }
    return unit.failures > 0 ? 1 : 0;
}

#endif
