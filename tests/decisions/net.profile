# Network families and capabilities.
abi <abi/3.0>,
profile n {
  network inet stream,
  network inet6 dgram,
  network unix stream,
  network netlink raw,
  deny network netlink dgram,
  network inet raw,
  capability net_raw,
  capability net_bind_service,
  capability chown,
  capability setuid,
  capability sys_chroot,
  deny capability sys_admin,
  audit capability setgid,
}
profile n_all {
  network,
  capability,
}
profile n_none {
}
profile n_packet {
  network packet,
  network inet tcp,
  network inet6 udp,
  capability net_raw,
  capability sys_nice,
  capability sys_resource,
  capability kill,
  capability sys_admin,
}
