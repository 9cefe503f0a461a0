/* version.h: the version of imgval; CMakeLists.txt reads it from here. */
#ifndef IMGVAL_VERSION_H
#define IMGVAL_VERSION_H

#define IMGVAL_VERSION "0.2.0"

#endif
