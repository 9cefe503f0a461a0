# shellcheck shell=bash
# root.sh: sourced by the scripts that build or try something in a root of another Debian. Needs root.

# can_make_roots: whether this user, in this container, may mount and change the root
can_make_roots() { [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; }

# in_root ROOT COMMAND [NAME=VALUE...]: as root there, in /src, with /proc, /dev and a /tmp of its own, and
# with nothing of this environment but what is given.
in_root() {
    # shellcheck disable=SC2016
    unshare --mount --propagation private sh -c '
        root=$1 command=$2 && shift 2 &&
            mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" &&
            mount -t tmpfs tmpfs "$root/tmp" &&
            exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
                DEBIAN_FRONTEND=noninteractive "$@" sh -c "cd /src && $command"' sh "$@"
}
