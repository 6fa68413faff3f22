#!/bin/sh
# boot.sh ROOT SOURCE PYTHON PACKAGES [DISK]: systemd over a copy of this machine's files that forgets
# what is written. Called in namespaces of its own; it leaves nothing behind when they end.
#   SOURCE    the program, seen inside at /media/wibawa
#   PYTHON    the folder of its interpreter, at /opt/python; "-": one of the system itself
#   PACKAGES  its libraries, at /opt/packages
#   DISK      a folder on a tmpfs that keeps what is written, for the next start
set -eu
root=$1 source=$2 python=$3 packages=$4 disk=${5:-$1}
mount --make-rprivate /
mount -t tmpfs -o mode=755 machine "$root"
first=yes
[ ! -e "$disk/upper" ] || first=no
mkdir -p "$disk/upper" "$disk/work" "$disk/own" "$root/system"
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root/system"
root=$root/system

# What this machine runs, keeps and mounts is not for that one.
for folder in /etc/systemd/system /etc/init.d /etc/postgresql /var/lib/postgresql /var/log /var/tmp; do
    mkdir -p "$root$folder" "$disk/own$folder"
    mount --bind "$disk/own$folder" "$root$folder"
done
if [ $first = yes ]; then
    chmod 1777 "$root/var/tmp"
    install -d -o postgres -g postgres "$root/var/log/postgresql"
    chown postgres:postgres "$root/etc/postgresql" "$root/var/lib/postgresql"
    : > "$root/etc/fstab"
    rm -rf "$root/opt/wibawa" "$root/var/lib/wibawa" "$root/var/backups/wibawa" "$root/etc/wibawa"
fi
shown() { # FROM TO: to be read there
    mkdir -p "$root$2"
    mount --bind "$1" "$root$2"
    mount -o remount,ro,bind "$root$2"
}
shown "$source" /media/wibawa
shown "$packages" /opt/packages
if [ "$python" != - ]; then
    shown "$python" /opt/python
    echo /opt/python/lib > "$root/etc/ld.so.conf.d/python.conf"
    chroot "$root" /sbin/ldconfig
fi

# The kernel is this machine's too: it may be looked at, not set.
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,ro,bind "$root/proc/sys"
[ ! -e "$root/proc/sysrq-trigger" ] || mount --bind /dev/null "$root/proc/sysrq-trigger"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for number in 0 1 2; do
    ln -s "fd/$number" "$root/dev/$(echo stdin stdout stderr | cut -d' ' -f$((number + 1)))"
done
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

hostname wibawa
cd "$root"
mkdir -p old
pivot_root . old
umount -l /old
exec env -i container=wibawa PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-syslog,-mac_admin,-mac_override \
    /lib/systemd/systemd --system --show-status=no --unit=multi-user.target
