/*
 * look.h: whether something is there. Every look-up of a name that others made goes through here,
 * so that the one question which decides a verdict has three answers and not two.
 *
 * Only ENOENT means that a thing is absent. Any other error (no descriptor left, no memory, no
 * permission, a disk that fails) means that nobody knows: the caller says so, as a fault of the
 * submission or as an error, and never goes on as if nothing were there. tests/lint keeps the calls
 * of the system that ask so out of the other rooms.
 */
#ifndef IMGVAL_BASE_LOOK_H
#define IMGVAL_BASE_LOOK_H

#include "imgval/base/arena.h"
#include "imgval/base/file.h"
#include "imgval/base/limits.h"

#include <stdbool.h>
#include <stddef.h>

enum iv_look {
    IV_LOOK_FOUND,
    IV_LOOK_ABSENT,  /* certain */
    IV_LOOK_TROUBLE, /* errno says why it is not known */
};

/* What stands at a path, through links. */
enum iv_look iv_look_at(const char *path, struct iv_status *ret_status);

/* The same for a name beneath the directory `dirfd`, where a link is not followed. */
enum iv_look iv_look_beneath(int dirfd, const char *name, struct iv_status *ret_status);

/*
 * What a link beneath `dirfd` leads to. FOUND with *ret_is_inside: whether that lies in the tree of
 * `dirfd`, so that it is met there under its own name. ABSENT: to nothing, or in a circle.
 */
enum iv_look iv_look_through(int dirfd, const char *link, struct iv_status *ret_status,
                             bool *ret_is_inside);

/* As iv_look_at(), for a path whose last part may be a link that leads nowhere: the link is found.
 */
enum iv_look iv_look_at_link(const char *path, struct iv_status *ret_status);

/* Whether something stands at a path, as far as a choice between two readings of a word on the
 * command line needs it: trouble counts as there, and whoever opens it says what is wrong. */
bool iv_look_is_there(const char *path);

/*
 * Opens a directory to look into it. One that may not be listed is opened as well, with *ret_lists
 * false: where it may be entered, names in it can be looked up one by one. -1 with errno set.
 */
int iv_look_open(const char *path, bool *ret_lists);

struct iv_look_names {
    const char **items; /* sorted bytewise */
    size_t count;
    const char *detail; /* why there may be more, one clause; NULL: there are not */
    bool is_limit;      /* that was a limit of ours */
};

/*
 * The names in a directory that `want` says yes to, in the arena. False: the directory was not read
 * to its end, and what is not among the names may be there all the same.
 */
bool iv_look_list(int dirfd, bool (*want)(const char *name), const struct iv_limits *limits,
                  struct iv_arena *arena, struct iv_look_names *ret_names);

#endif
