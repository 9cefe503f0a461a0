/* Recipe directives that make disks: disk, vhd, ffu. */
#ifndef FX_RECIPE_DISK_H
#define FX_RECIPE_DISK_H

#include "recipe_line.h"

void fx_recipe_disk(struct fx_recipe *recipe, const struct fx_line *line);
void fx_recipe_vhd(struct fx_recipe *recipe, const struct fx_line *line);
void fx_recipe_ffu(struct fx_recipe *recipe, const struct fx_line *line);

#endif
