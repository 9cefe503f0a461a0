/* fixture_validate() of report_fixture.h. */
#include "tests/unit/report_fixture.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool fixture_validate(const char *text, size_t size)
{
    const char *script = getenv("IMGVAL_VALIDATE");
    if (script == NULL) {
        return true;
    }
    char path[] = "/tmp/imgval-fixture-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL || fwrite(text, 1, size, file) != size || fclose(file) != 0) {
        return false;
    }
    char *const arguments[] = {(char[]){"/usr/bin/python3"}, strdup(script), path, NULL};
    char *const environment[] = {NULL};
    pid_t child = 0;
    int status = -1;
    int why = posix_spawn(&child, arguments[0], NULL, NULL, arguments, environment);
    while (why == 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    free(arguments[1]);
    (void)unlink(path);
    return why == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
