/*
 * Runs a recipe: the top level of the language that help.c documents in full.
 *
 * In short: one directive per line, `#` comments, "quoted words" with C escapes, text as
 * here-documents (<<END or <<-END), blocks in braces. Directives:
 *
 *   dir file symlink fifo socket sparse deep chmod mtime     things in the output directory
 *   spkg cbs                                                 packages, manifest generated
 *   cabinet                                                  cabinets, member by member
 *   generate                                                 many packages
 *
 * For example:
 *
 *   spkg set/Contoso.Boot.spkg component=Boot version=3.1.12.4001 compress=mszip {
 *       file \Windows\System32\boot.dll size=64K
 *       reg 3_Boot.reg \Windows\Packages\RegistryFiles\Contoso.Boot.reg <<-END
 *           [HKEY_LOCAL_MACHINE\SYSTEM\Platform\DeviceTargetingInfo]
 *           "PhoneManufacturer"="CONTOSO"
 *           END
 *   }
 *   cabinet lying.cab nfiles=65535 truncate=-7 {
 *       member "a\x00b" size=0xFFFFFFFF fill=100
 *   }
 */
#ifndef FX_RECIPE_H
#define FX_RECIPE_H

#include <stddef.h>

/* Carries out all directives in the working directory; ends the program on the first error. */
void fx_recipe_run(const char *name, const char *data, size_t len);

#endif
