/*
 * The directives of a recipe that make cabinets: spkg, cbs, cabinet.
 */
#ifndef FX_RECIPE_PACKAGE_H
#define FX_RECIPE_PACKAGE_H

#include "package_write.h"
#include "recipe_line.h"

/* Carries out `spkg PATH ...` or `cbs PATH ...`, with its block if the line opens one. */
void fx_recipe_package(struct fx_recipe *recipe, const struct fx_line *line, enum fx_style style);

/* Carries out `cabinet PATH ...`. */
void fx_recipe_cabinet(struct fx_recipe *recipe, const struct fx_line *line);

/* none, stored, mszip, lzx (a window of 2^15) or lzx15 to lzx21; false for another name. */
bool fx_method_find(const char *name, struct fx_method_choice *ret_choice);

#endif
