"""Makes a tree with every kind of file, name and attribute. Run as root: every-kind-tree.py DIRECTORY"""
import os
import struct
import sys

root = os.fsencode(sys.argv[1])


def at(name):
    return os.path.join(root, name)


def write(name, content=b"content\n", mode=0o644):
    with open(at(name), "wb") as file:
        file.write(content)
    os.chmod(at(name), mode)


for name in [b"etc", b"srv", b"srv/caf\xe9", b"usr", b"usr/bin", b"var", b"tmp"]:
    os.makedirs(at(name))
write(b"etc/os-release", b"ID=debian\n")

# Names: not UTF-8, two that would be the same after a repair, control characters, as long as they may be, deep.
for name in [b"x_\xe9", b"x_\xff", b"x_\xc3\xa9", b"line\nbreak", b"tab\tand \\ backslash", b"n" * 255, b"caf\xe9/inner"]:
    write(b"srv/" + name, name)
deep = b"srv/" + b"/".join([b"d" * 100] * 12)
os.makedirs(at(deep))
write(deep + b"/file")

# Types, modes and owners.
write(b"usr/bin/su", mode=0o4755)
write(b"usr/bin/wall", mode=0o2755)
os.chmod(at(b"tmp"), 0o1777)
write(b"srv/owned")
os.chown(at(b"srv/owned"), 3_000_000, 4_000_000_000)
os.chmod(at(b"srv/owned"), 0o640)
os.symlink(b"caf\xe9/inner", at(b"srv/link_\xe9"))
os.symlink(b"t/" * 900 + b"end", at(b"srv/long-link"))
os.symlink(b"/absolute", at(b"srv/absolute-link"))
os.lchown(at(b"srv/absolute-link"), 1234, 5678)
os.link(at(b"srv/x_\xe9"), at(b"srv/hard_\xff"))
os.link(at(b"srv/link_\xe9"), at(b"srv/hard-link-to-link"))
os.mkfifo(at(b"srv/pipe"))
os.link(at(b"srv/pipe"), at(b"srv/hard-link-to-pipe"))
write(b"srv/empty", b"")

# Holes: in front, between, behind, and nothing else.
with open(at(b"srv/holes"), "wb") as file:
    file.seek(1 << 20)
    file.write(b"A" * 5000)
    file.seek(3 << 20)
    file.write(b"B" * 5000)
    file.truncate(5 << 20)
with open(at(b"srv/hole"), "wb") as file:
    file.truncate(2 << 20)

# Attributes of every name space. The capabilities have a byte that is not UTF-8.
os.setxattr(at(b"srv/owned"), "user.bytes", bytes(range(256)))
os.setxattr(at(b"srv/owned"), "user.empty", b"")
os.setxattr(at(b"srv/caf\xe9"), "user.directory", b"\xff=\n")
os.setxattr(at(b"srv/empty"), "trusted.note", b"\xe9")
os.setxattr(at(b"usr/bin/su"), "security.note", b"\x00\x80")
write(b"usr/bin/newuidmap", mode=0o755)
os.setxattr(at(b"usr/bin/newuidmap"), "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 7, 0, 0, 0))
write(b"usr/bin/nice", mode=0o755)
# Version 3: a capability for one user namespace.
os.setxattr(at(b"usr/bin/nice"), "security.capability", struct.pack("<IIIIII", 0x03000001, 1 << 23, 0, 0, 0, 100000))
# The user 65534 may read and write; new files in the directory likewise.
entries = [(1, 6, 0xFFFFFFFF), (2, 6, 65534), (4, 4, 0xFFFFFFFF), (16, 6, 0xFFFFFFFF), (32, 4, 0xFFFFFFFF)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
os.setxattr(at(b"srv/x_\xff"), "system.posix_acl_access", acl)
os.setxattr(at(b"var"), "system.posix_acl_default", acl)

# Times: with a fraction, before 1970, after 2038. Directories last.
times = {b"srv/x_\xe9": 1_234_567_890_123_456_789, b"srv/owned": -86_400_000_000_000, b"srv/empty": 4_102_444_800_000_000_000}
for directory, names, files in os.walk(root, topdown=False):
    for name in files + names:
        path = os.path.join(directory, name)
        time = times.get(os.path.relpath(path, root), 1_600_000_000_000_000_000)
        os.utime(path, ns=(time, time), follow_symlinks=False)
os.utime(root, ns=(1_600_000_000_000_000_000,) * 2)
