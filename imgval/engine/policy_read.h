/*
 * policy_read.h: the policy file (imgval-formats(5), schema/imgval-policy-1.xsd).
 */
#ifndef IMGVAL_ENGINE_POLICY_READ_H
#define IMGVAL_ENGINE_POLICY_READ_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/model/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IV_POLICY_SIZE_MAX IV_MIB /* bytes of a policy file */
#define IV_POLICY_ENTRIES_MAX 4096

/* A policy may set a limit to anything from 1 to so many times its default. */
#define IV_POLICY_LIMIT_FACTOR 16

struct iv_policy_error {
    uint64_t line; /* 0: none */
    const char *text;
};

struct iv_policy_errors {
    struct iv_policy_error *items;
    size_t count;
};

/* A policy file, and what it speaks about. */
struct iv_policy_source {
    const char *bytes;
    size_t size;
    const char *path;                /* for reports; it must last as long as the policy */
    const struct iv_rules *families; /* the built-in tables */
    size_t family_count;
};

/*
 * Reads a policy file. False when anything is wrong: then ret_errors has all of it, in the order of
 * the file, and ret_policy is not touched. Everything lives in the arena; rules stay the caller's.
 */
IV_MUST_USE bool iv_policy_read(const struct iv_policy_source *source, struct iv_arena *arena,
                                struct iv_policy *ret_policy, struct iv_policy_errors *ret_errors);

#endif
