#!/bin/bash
# libraries.sh FOLDER: the libraries that imgval links, as static ones for 64-bit Windows, built from the
# source packages of this machine's Debian with Debian's cross compiler. Afterwards FOLDER holds
#
#   mingw.cmake     a toolchain file for CMake that finds them, and nothing of this machine
#   prefix/         headers and libraries
#   licenses/       the licence of each, and of what the compiler adds to a program
#   versions.cmake  the version of the source package that each was built from
#
# Sources come from the repositories that apt is set up with here, and by the same chain of trust: the
# signed Release file holds the digest of the list of sources, which holds the digest of every file.
# apt's own configuration and lists are not touched. A library is built again when its version or its
# recipe below has changed; without a network, what is there is used.
set -euo pipefail
mkdir -p "${1:?usage: libraries.sh FOLDER}"
folder=$(realpath -- "$1")
prefix=$folder/prefix
host=x86_64-w64-mingw32
jobs=${IMGVAL_JOBS:-$(nproc)}
packages=(zlib pcre2 libxml2 sqlite3 libarchive openssl)
export LC_ALL=C.UTF-8 TZ=UTC
flags=(-O2 -fstack-protector-strong)
umask 022

say() { echo "libraries: $*" >&2; }

# ------------------------------------------------------------------------------------------- sources

# apt with lists of its own, of sources, from the repositories that apt has here.
update_lists() {
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
    apt-get indextargets --format "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
        sort -u >"$folder/apt/sources.list"
    apt=(-q -q -o "Dir::Etc::sourcelist=$folder/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache"
        -o APT::Sandbox::User= -o APT::Update::Error-Mode=any)
    [ -s "$folder/apt/sources.list" ] && apt-get "${apt[@]}" update >"$folder/log" 2>&1
}

# versions PACKAGE: those that the repositories list, the newest first
versions() { apt-cache "${apt[@]}" showsrc "$1" | sed -n 's/^Version: //p' | sort -Vru; }

# download PACKAGE VERSION: into sources/, from the first repository that has the files that it lists
download() {
    local repository
    while read -r repository; do
        echo "$repository" >"$folder/apt/one.list"
        (cd "$folder/sources" && apt-get "${apt[@]}" -o "Dir::Etc::sourcelist=$folder/apt/one.list" \
            source --download-only "$1=$2") >"$folder/log" 2>&1 </dev/null && return
    done <"$folder/apt/sources.list"
    return 1
}

# ------------------------------------------------------------------------------------------- recipes
#
# Each runs in the unpacked source. What imgval does not call is left out as far as the library lets it.

# into_prefix FOLDER LIBRARY HEADER...: headers go to that folder of the include folder
into_prefix() {
    install -m 644 -D -t "$prefix/lib" "$2"
    install -m 644 -D -t "$prefix/include/$1" "${@:3}"
}

# by_cmake TARGET OPTION...
by_cmake() {
    cmake -S . -B by-cmake -DCMAKE_TOOLCHAIN_FILE="$folder/mingw.cmake" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_FLAGS_RELEASE="${flags[*]} -ffile-prefix-map=$PWD=" -DCMAKE_INSTALL_PREFIX="$prefix" -DBUILD_SHARED_LIBS=OFF \
        "${@:2}"
    cmake --build by-cmake --parallel "$jobs" --target "$1"
}

build_zlib() {
    local file
    for file in *.c; do
        $host-gcc-win32 "${flags[@]}" -c "$file"
    done
    $host-ar rcsD libz.a ./*.o
    into_prefix . libz.a zlib.h zconf.h
}

# Patterns are matched without the just-in-time compiler, on Linux too.
build_pcre2() {
    ./configure --host=$host --prefix="$prefix" --enable-static --disable-shared --disable-jit \
        CC=$host-gcc-win32 CFLAGS="${flags[*]}"
    make -j"$jobs" libpcre2-8.la
    into_prefix . .libs/libpcre2-8.a src/pcre2.h
    install -m 644 -D -t "$prefix/lib/pkgconfig" libpcre2-8.pc
}

# The parser alone. imgval converts the encodings itself.
build_libxml2() {
    local without=(C14N CATALOG DEBUG DOCB FTP HTML HTTP ICONV ICU ISO8859X LEGACY LZMA MODULES OUTPUT
        PATTERN PROGRAMS PUSH PYTHON READER REGEXPS SCHEMAS SCHEMATRON TESTS THREADS VALID WRITER
        XINCLUDE XPATH XPTR ZLIB)
    without=("${without[@]/#/-DLIBXML2_WITH_}")
    by_cmake LibXml2 "${without[@]/%/=OFF}" -DHAVE_PTHREAD_H=OFF
    cp by-cmake/libxml/xmlversion.h include/libxml/
    into_prefix libxml2/libxml by-cmake/libxml2.a include/libxml/*.h
}

# No extension can be loaded.
build_sqlite3() {
    ./configure --disable-tcl --disable-readline
    make sqlite3.c
    $host-gcc-win32 "${flags[@]}" -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_SECURE_DELETE -c sqlite3.c
    $host-ar rcsD libsqlite3.a sqlite3.o
    into_prefix . libsqlite3.a sqlite3.h
}

# Cabinets, which need nothing but zlib.
build_libarchive() {
    local without=(bz2lib cng expat iconv libb2 lz4 lzma lzo2 mbedtls nettle openssl xml2 zstd)
    ./configure --host=$host --prefix="$prefix" --enable-static --disable-shared --disable-acl \
        --disable-xattr --disable-bsdcat --disable-bsdcpio --disable-bsdtar \
        "${without[@]/#/--without-}" CC=$host-gcc-win32 CFLAGS="${flags[*]}" CPPFLAGS="-I$prefix/include" \
        LDFLAGS="-L$prefix/lib"
    # Debian's patches touch what the build files are made from, for tests that are not built here.
    make -j"$jobs" ACLOCAL=: AUTOCONF=: AUTOHEADER=: AUTOMAKE=: libarchive.la
    into_prefix . .libs/libarchive.a libarchive/archive.h libarchive/archive_entry.h
}

# Digests, signatures, certificates: no cipher, no socket, no engine, no file of configuration. It
# writes its flags and its time into the program, which therefore hold no path and no time of today.
build_openssl() {
    local without=(aria async autoload-config bf camellia cast chacha cmp cms comp ct des dso engine
        gost idea legacy module ocsp psk rc2 rc4 seed shared sm4 sock srp ssl tests ui-console dtls tls)
    ./Configure mingw64 --cross-compile-prefix=$host- --prefix=/nowhere --openssldir=/nowhere \
        "${without[@]/#/no-}" "${flags[@]}"
    make -j"$jobs" build_generated libcrypto.a
    into_prefix openssl libcrypto.a include/openssl/*.h
}

# ----------------------------------------------------------------------------------------------- all

write_toolchain() {
    cat >"$folder/mingw.cmake" <<CMAKE
# Written by libraries.sh.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER $host-gcc-win32)
set(CMAKE_RC_COMPILER $host-windres)
set(CMAKE_FIND_ROOT_PATH \${CMAKE_CURRENT_LIST_DIR}/prefix)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
include(\${CMAKE_CURRENT_LIST_DIR}/versions.cmake OPTIONAL)
set(ENV{PKG_CONFIG_LIBDIR} \${CMAKE_CURRENT_LIST_DIR}/prefix/lib/pkgconfig)
set(CMAKE_C_FLAGS_INIT "-DLIBXML_STATIC -DPCRE2_STATIC -DLIBARCHIVE_STATIC")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -s -Wl,--no-insert-timestamp")
CMAKE
}

# recipe PACKAGE VERSION: all that decides what comes out
recipe() {
    echo "$2"
    {
        declare -f "build_$1" into_prefix by_cmake
        echo "${flags[*]} $($host-gcc-win32 --version)"
    } | sha256sum
}

# is_built PACKAGE VERSION
is_built() { [ "$(cat "$folder/built/$1" 2>/dev/null)" = "$(recipe "$1" "$2")" ]; }

# build PACKAGE VERSION: from its source in sources/
build() {
    local source=$folder/build/$1 file=${2#*:} from=$SECONDS status
    rm -rf "$source" "$folder/built/$1"
    set +e # in a condition, the first command that fails would not end it
    (
        set -e
        dpkg-source --no-copy --extract "$folder/sources/${1}_$file.dsc" "$source"
        cd "$source"
        SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -S Timestamp)
        export SOURCE_DATE_EPOCH
        "build_$1"
        install -m 644 -D debian/copyright "$folder/licenses/$1"
    ) >"$folder/log" 2>&1 </dev/null
    status=$?
    set -e
    [ "$status" -eq 0 ] || {
        tail -n 30 "$folder/log" | cut -c 1-300 >&2
        say "$1 $2 cannot be built; all of it is in $folder/log"
        exit 1
    }
    recipe "$1" "$2" >"$folder/built/$1"
    rm -rf "$source"
    say "$1 $2: built in $((SECONDS - from)) s"
}

# provide PACKAGE: a repository may have dropped the files of a version that its list still names. Then
# the one before it is taken, and that is said.
provide() {
    local version
    for version in $(versions "$1"); do
        ! is_built "$1" "$version" || return 0
        if download "$1" "$version"; then
            build "$1" "$version"
            return
        fi
        say "$1 $version is listed, but cannot be downloaded"
    done
    tail -n 5 "$folder/log" >&2
    say "there is no source of $1"
    exit 1
}

case $folder in
*[!A-Za-z0-9/._+~-]*)
    say "$folder: build scripts of libraries fail in a folder with such a name"
    exit 2
    ;;
esac
mkdir -p "$folder"/{sources,build,built,licenses}
exec 9>"$folder/lock"
flock 9
write_toolchain
if update_lists; then
    for package in "${packages[@]}"; do
        provide "$package"
    done
else
    for package in "${packages[@]}"; do
        is_built "$package" "$(head -n 1 "$folder/built/$package" 2>/dev/null)" || {
            tail -n 5 "$folder/log" >&2
            say "no list of source packages can be had, and $package is not built"
            exit 1
        }
    done
    say "no list of source packages can be had; using what is built"
fi
cp /usr/share/doc/mingw-w64-x86-64-dev/copyright "$folder/licenses/mingw-w64"
cp /usr/share/doc/gcc-mingw-w64-base/copyright "$folder/licenses/gcc"
# Some name a file of Debian instead of repeating it.
grep -oh '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$folder"/licenses/* | sort -u |
    while read -r common; do
        [ ! -f "$common" ] || cp "$common" "$folder/licenses/"
    done
{
    for package in "${packages[@]}"; do
        echo "set(IMGVAL_SOURCE_$package \"$(head -n 1 "$folder/built/$package")\")"
    done
    dpkg-query -W -f 'set(IMGVAL_SOURCE_${source:Package} "${source:Version}")\n' \
        mingw-w64-x86-64-dev gcc-mingw-w64-base
    dpkg-query -W -f 'set(IMGVAL_MINGW_VERSION "${source:Upstream-Version}")\n' mingw-w64-x86-64-dev
} >"$folder/versions.cmake"
