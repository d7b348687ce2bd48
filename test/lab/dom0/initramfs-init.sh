#!/bin/busybox sh
# /init of dom0's initramfs: loads the modules beside it, mounts the root disk and goes there.
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules/order); do
  /bin/busybox insmod "/modules/$module" || echo "lab: cannot load $module"
done
/bin/busybox mount -t ext4 /dev/vda /root || echo 'lab: cannot mount the root disk'
exec /bin/busybox switch_root /root /sbin/xtl-init
