#!/bin/sh
# pre-pivot hook: the root is mounted; sets up the rest of the immutable system.

kairos_set_up_root
