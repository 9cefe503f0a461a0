/*
 * killat N COMMAND [ARGUMENT...]: runs the command and kills it as it enters its N-th system call
 * that may change a file, counted over all its processes. Exit status: 0 it was killed, 1 it
 * finished before (the sweep is over), 2 usage or failure. With N 0 it is never killed and the
 * number of such calls is printed.
 */
#include "tests/store/killat.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long n = argc > 2 ? strtoul(argv[1], &end, 10) : 0;
    if (end == NULL || end == argv[1] || *end != '\0') {
        fputs("usage: killat N COMMAND [ARGUMENT...]\n", stderr);
        return 2;
    }
    pid_t child = fork();
    if (child < 0) {
        perror("killat: fork");
        return 2;
    }
    if (child == 0) {
        if (killat_begin()) {
            execvp(argv[2], argv + 2);
        }
        perror("killat");
        _exit(127);
    }
    struct killat result = killat_watch(child, n);
    if (!result.was_killed && WIFEXITED(result.status) && WEXITSTATUS(result.status) == 127) {
        return 2;
    }
    if (n == 0) {
        printf("%lu\n", result.seen);
    }
    return result.was_killed ? 0 : 1;
}
