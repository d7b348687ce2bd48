#!/bin/sh
# The command xtl in dom0: the bundle of the current build.
exec /usr/lib/xtl/xtl "$@"
