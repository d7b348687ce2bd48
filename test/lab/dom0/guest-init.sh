#!/bin/busybox sh
# /init of the lab's guests: a shell on the console with a prompt that tests can wait for.
/bin/busybox mkdir -p /proc /sys /dev /sbin /bin /usr/bin /usr/sbin /tmp
/bin/busybox --install -s
# The kernel calls these when the toolstack asks for a shutdown or a reboot, and so does who types
# them: busybox's own ask process 1, which is this shell, and its shell would take them first.
mkdir -p /etc
for program in poweroff reboot halt; do
  rm -f "/sbin/$program"
  printf '#!/bin/sh\nexec /bin/busybox %s -f\n' "$program" >"/sbin/$program"
  chmod 755 "/sbin/$program"
  printf '%s() { "/sbin/%s" "$@"; }\n' "$program" "$program" >>/etc/shell
done
export ENV=/etc/shell
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PS1="xtl-guest# "
mount -t devtmpfs dev /dev 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts && mount -t devpts pts /dev/pts
for module in $(cat /modules/order 2>/dev/null); do insmod "/modules/$module"; done
ip link set lo up
hostname guest
cat /proc/version
# From here on the console is the shell's: the kernel's lines would fall into its answers.
dmesg -n 1
# A shell that ends is started again, on a controlling terminal of its own.
while :; do setsid -c sh -i </dev/hvc0 >/dev/hvc0 2>&1; done
