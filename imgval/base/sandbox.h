/*
 * sandbox.h: gives up rights before untrusted bytes are parsed.
 *
 * no_new_privs, not dumpable, Landlock (read beneath the given directories, nothing else), seccomp
 * (an allow list: no sockets, no exec, no new processes, no writes but to one given descriptor),
 * and limits on address space, CPU time, core files, file size, descriptors and processes.
 * What the kernel does not offer is left out and shown in iv_containment; it is never an error.
 */
#ifndef IMGVAL_BASE_SANDBOX_H
#define IMGVAL_BASE_SANDBOX_H

#include "imgval/base/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_containment {
    bool landlock;
    bool seccomp; /* never in builds with sanitizers: their runtime needs more calls */
    bool limits;  /* all of them; never in builds with sanitizers: they need terabytes */
    bool any;     /* a process ran at all; set by workers.c */
};

/*
 * For the calling process, for good. `directories`: descriptors beneath which files may be opened
 * for reading (a descriptor of a regular file: that file); with none of them nothing can be opened
 * any more. `output`: the only descriptor but standard error that may be written to; -1: none.
 * reader_memory is what the process may add to the address space that it has now. CPU time stops at
 * a little more than twice reader_seconds: the backstop behind the clock of workers.c, which ends a
 * worker when one slot takes reader_seconds, and retires it once it used that much CPU in all.
 */
void iv_sandbox_enter(const int *directories, size_t count, int output,
                      const struct iv_limits *limits, struct iv_containment *ret_containment);

#endif
