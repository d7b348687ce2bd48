#!/bin/bash
# Process 1 of the lab's dom0: brings up Xen's own daemons and the command channel, then reaps.
# Kernel arguments: xtl.xenstored=c|ocaml|stubdom|xtl-stubdom|PATH chooses the xenstored;
# xtl.init=systemd makes systemd process 1, whose lab.service calls this as `xtl-init daemons`.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LC_ALL=C.UTF-8 HOME=/root TERM=linux

say() { echo "lab: $*"; }
argument() { sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

mounts() {
  mount -t proc proc /proc
  mount -t sysfs sys /sys
  mount -t devtmpfs dev /dev
  mkdir -p /dev/pts /dev/shm
  mount -t devpts -o mode=620,ptmxmode=666 pts /dev/pts
  mount -t tmpfs -o mode=1777 shm /dev/shm
  mount -t tmpfs -o mode=755 run /run
  ln -sfn /proc/self/fd /dev/fd
  hostname dom0
  ip link set lo up
}

daemons() {
  mkdir -p /run/xen /run/xenstored /run/lock /var/log/xen/console /var/lib/xen /var/lib/xenstored
  # The image may have been made by another user than root.
  chown -R 0:0 /root /etc 2>/dev/null
  for module in virtio_net xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs; do
    modprobe "$module" || say "cannot load $module"
  done
  mount -t xenfs xenfs /proc/xen
  ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up

  version=$(cat /sys/hypervisor/version/major).$(cat /sys/hypervisor/version/minor)
  bin=/usr/lib/xen-$version/bin
  [ -d "$bin" ] || say "there are no tools for Xen $version"
  # In the larger image: libxl of every Xen looks for its own device model there.
  model=/usr/libexec/xen-qemu-system-i386
  [ -x "/usr/lib/xen-$version$model" ] && ln -sfn "/usr/lib/xen-$version$model" "$model"

  case $(argument xtl.xenstored) in
    '' | c) "$bin/xenstored" --pid-file /run/xen/xenstored.pid ;;
    ocaml) "$bin/oxenstored" --pid-file /run/xen/xenstored.pid ;;
    stubdom)
      "$bin/init-xenstore-domain" --kernel /usr/lib/xtl/stubdom/xenstored.xen --memory 8 \
        --param console=log || say 'init-xenstore-domain failed'
      ;;
    xtl-stubdom) xtl xenstored start --stubdom || say 'xtl xenstored start failed' ;;
    *) "$(argument xtl.xenstored)" >/var/log/xen/xenstored.log 2>&1 & ;;
  esac
  for _ in {1..100}; do
    xenstore-read -s / >/dev/null 2>&1 && break
    sleep 0.1
  done
  xenstore-read -s / >/dev/null 2>&1 || say 'xenstored does not answer'
  "$bin/xen-init-dom0" || say 'xen-init-dom0 failed'
  "$bin/xenconsoled" --log=guest --log-dir=/var/log/xen/console \
    --pid-file=/run/xen/xenconsoled.pid

  dropbear -F -E -s -r /etc/dropbear/host_key -p 22 >/var/log/dropbear.log 2>&1 &
  say "ready: Xen $version, $(uname -sr)"
}

if [ "$1" = daemons ]; then
  daemons
  exit 0
fi
mounts
[ "$(argument xtl.init)" = systemd ] && exec /usr/lib/systemd/systemd
daemons
while :; do
  wait
  sleep 1
done
