/* The complete description of the recipe language and of --generate. */
#ifndef FX_HELP_H
#define FX_HELP_H

#include <stdio.h>

void fx_help_print(FILE *out);

#endif
