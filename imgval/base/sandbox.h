/*
 * sandbox.h: gives up rights before untrusted bytes are parsed: reading beneath the given
 * directories and nothing else, no sockets, no programs, no processes, no writes but to descriptors
 * 1 and 2, and limits on memory, processor time, files and descriptors. What the system does not
 * offer is left out and shown in iv_containment; it is never an error.
 */
#ifndef IMGVAL_BASE_SANDBOX_H
#define IMGVAL_BASE_SANDBOX_H

#include "imgval/base/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_containment {
    bool files;  /* the layer that keeps a reader from files */
    bool calls;  /* the one for all else that it could ask of the system */
    bool limits; /* all of them; never in builds with sanitizers: they need terabytes */
    bool any;    /* a process ran at all; set by workers.c */
};

/* What the first two layers are called here, and why each of the three may be missing. */
struct iv_sandbox_words {
    const char *files;
    const char *calls;
    const char *calls_are; /* what they are, in a table: "system calls" */
    const char *no_files;
    const char *no_calls;
    const char *no_limits;
};
struct iv_sandbox_words iv_sandbox_words(void);

/*
 * For the calling process, for good, and without allocating memory. `directories`: descriptors
 * beneath which files may be opened for reading (a descriptor of a regular file: that file); with
 * none of them nothing can be opened any more. Standard output and standard error are the only
 * descriptors that may be written to. reader_memory is what the process may add to the address
 * space that it has now. CPU time stops at a little more than twice reader_seconds: the backstop
 * for the clock of workers.c, which ends a worker when one slot takes reader_seconds, and
 * retires it once it used that much CPU in all.
 */
void iv_sandbox_enter(const int *directories, size_t count, const struct iv_limits *limits,
                      struct iv_containment *ret_containment);

/* What this system has for iv_sandbox_enter() to use. */
struct iv_containment iv_sandbox_offered(void);

/* Whether these are all that confine a reader: the first two layers (in builds with sanitizers,
 * which cannot have the second, the first). */
bool iv_sandbox_is_whole(const struct iv_containment *c);

/* What is in force in both: one in which nothing ran takes nothing away. */
void iv_containment_join(struct iv_containment *all, const struct iv_containment *one);

#endif
