# Mounts.
abi <abi/3.0>,
profile m {
  capability sys_admin,
  mount fstype=tmpfs -> /d/mnt/tmp/,
  mount fstype=tmpfs options=(ro) -> /d/mnt/ro/,
  mount fstype=tmpfs options=(rw, nosuid, nodev) -> /d/mnt/strict/,
  mount fstype=tmpfs options in (ro, nosuid, nodev) -> /d/mnt/some/,
  mount fstype=(tmpfs, ramfs) aaj -> /d/mnt/src/,
  mount options=(rw, bind) /d/from/ -> /d/mnt/bind/,
  mount options=(rw, rbind) /d/from/ -> /d/mnt/rbind/,
  mount options=(rw, move) /d/from/ -> /d/mnt/move/,
  remount options=(ro, remount) /d/mnt/re/,
  mount options=(rw, make-private) -> /d/mnt/prop/,
  mount fstype=tmpfs -> /d/mnt/deep/**,
  deny mount fstype=tmpfs -> /d/mnt/deep/secret/,
  umount /d/mnt/tmp/,
  umount /d/mnt/deep/**,
  pivot_root oldroot=/d/new/old/ /d/new/,
}
profile m_all {
  capability sys_admin,
  mount,
  umount,
  pivot_root,
  remount,
}
profile m_none {
  capability sys_admin,
}
