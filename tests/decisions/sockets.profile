# Details of unix sockets and dbus, on kernels that mediate them.
abi <abi/3.0>,
profile u {
  unix (create, bind, listen, accept) type=stream addr=@abs*,
  unix (create) type=dgram,
  unix (connect, send, receive) type=stream peer=(addr=@srv, label=other),
  unix (getattr, setattr, getopt, setopt, shutdown) type=stream,
  unix (send, receive) type=dgram addr=none peer=(label=friend),
  deny unix (bind) addr=@abs_no,
  dbus send bus=session path=/org/a interface=org.a.I member={Get,Set} peer=(name=org.a label=friend),
  dbus receive bus=system,
  dbus bind bus=session name=org.mine.*,
  deny dbus bind bus=session name=org.mine.not,
}
profile u_all { unix, dbus, }
profile u_eaves { dbus eavesdrop bus=session, }
profile u_none { }
