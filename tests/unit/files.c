#include "tests/unit/files.h"

#include <stdlib.h>

char *files_text(FILE *stream, size_t *ret_size)
{
    long size = fflush(stream) == 0 ? ftell(stream) : -1;
    char *text = size < 0 ? NULL : calloc(1, (size_t)size + 1);
    if (text == NULL || fseek(stream, 0, SEEK_SET) != 0 ||
        fread(text, 1, (size_t)size, stream) != (size_t)size || fclose(stream) != 0) {
        perror("tmpfile");
        exit(2);
    }
    *ret_size = (size_t)size;
    return text;
}
