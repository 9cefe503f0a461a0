/*
 * opening.h: what a reader reads and its parent opens. A token that keeps a process from every file
 * keeps it from those of the submission, too; so it asks its parent, which opens what lies beneath
 * a directory that the reader was given, and hands it a handle.
 *
 * A question is one message: the struct, then the path, without a NUL. The answer is one, too. A
 * reader has one question under way. It is not to be trusted: the parent takes nothing of it but a
 * directory that it knows itself and a path of plain names (native.h), and never waits for it.
 */
#ifndef IMGVAL_BASE_WINDOWS_OPENING_H
#define IMGVAL_BASE_WINDOWS_OPENING_H

#include "imgval/base/windows/native.h"

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IV_WIN_QUESTION_MAX 65536 /* bytes of a message; no path is as long */

struct iv_win_question {
    uint64_t directory; /* the handle that the reader has of it */
    uint64_t want;      /* enum iv_win_want */
};

struct iv_win_answer {
    uint64_t handle; /* of the reader */
    int64_t number;  /* else errno */
};

/* A pipe of a parent and a reader. The parent's end can be read without waiting. */
struct iv_win_pipe {
    HANDLE parent;
    HANDLE reader; /* inheritable */
};

enum iv_win_pipe_kind {
    IV_WIN_PIPE_RECORDS,   /* from the reader, bytes */
    IV_WIN_PIPE_QUESTIONS, /* both ways, messages */
};

/* False with errno set; both are the caller's to close then, too. */
bool iv_win_pipe_open(enum iv_win_pipe_kind kind, struct iv_win_pipe *pipe);

/* ---- the parent's side ---- */

struct iv_win_opener;

/* ret_reader: the reader's end. NULL with errno set. */
struct iv_win_opener *iv_win_opener_open(const int *directories, size_t count, HANDLE *ret_reader);
void iv_win_opener_close(struct iv_win_opener **opener); /* for IV_CLEANUP; may be NULL */

/* Is set when there is a question. */
HANDLE iv_win_opener_event(const struct iv_win_opener *opener);

/* Answers one, if there is one. A reader that asks for what no reader asks is answered no more. */
bool iv_win_opener_serve(struct iv_win_opener *opener, HANDLE reader);

/* ---- the reader's side ---- */

/* What this process was started with, if it is a reader. */
struct iv_win_reader {
    HANDLE charge;
    size_t charge_size;
    HANDLE opening; /* NULL: it opens files itself */
};

/* False: it is none. */
bool iv_win_reader(struct iv_win_reader *ret_reader);

/* As iv_win_open_beneath(), through no link; in a reader, by its parent. */
HANDLE iv_win_reach(HANDLE directory, const char *path, enum iv_win_want want);

#endif
