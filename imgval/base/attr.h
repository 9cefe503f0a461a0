/*
 * attr.h: the compiler attributes that the project uses, under one set of names.
 */
#ifndef IMGVAL_BASE_ATTR_H
#define IMGVAL_BASE_ATTR_H

/* Runs fn(&variable) when the variable leaves its scope. */
#define IV_CLEANUP(fn) __attribute__((cleanup(fn)))

/* The caller must look at the result. */
#define IV_MUST_USE __attribute__((warn_unused_result))

/* Argument `fmt` is a printf format for the arguments from `first` on. A build names another kind
 * where that of the compiler is not the one of the C library. */
#ifndef IV_PRINTF_KIND
#define IV_PRINTF_KIND printf
#endif
#define IV_PRINTF(fmt, first) __attribute__((format(IV_PRINTF_KIND, fmt, first)))

#define IV_NORETURN __attribute__((noreturn))

/* Number of elements of a true array. */
#define IV_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
