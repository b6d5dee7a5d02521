#!/bin/sh
# Starts the Node.js that comes along, with the C library that comes along: the machine needs neither.
here=${0%/*}
libc=$here/../dist/kairos-agent-ARCH.libc
exec "$libc/ld.so" --library-path "$libc:$here/lib" "$here/bin/node" "$@"
