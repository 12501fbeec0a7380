# Signals, ptrace, changing profiles and hats. Peers are profiles that allow their side of everything.
# The attr files are how a process asks for a change. `mr` on a program lets it run once it is there.
abi <abi/3.0>,
profile s {
  owner /proc/*/{,task/*/}attr/{,apparmor/}{current,exec} rw,
  signal (send) set=(term, hup) peer=s_peer,
  signal (send) set=(usr1) peer=s_*,
  signal (send) set=(exists),
  signal (send) set=(rtmin+1) peer=s_peer,
  deny signal (send) set=(usr2) peer=s_peer,
  signal (receive) set=(usr1, kill) peer=s_peer,
  signal (receive) peer=unconfined,
  ptrace (read) peer=s_peer,
  ptrace (trace) peer=s_other,
  ptrace (readby) peer=s_peer,
  ptrace (tracedby) peer=s_other,
  change_profile -> s_peer,
  change_profile -> s_chg*,
  change_profile /d/bin/onexec -> s_other,
  ^hat {
    owner /proc/*/{,task/*/}attr/{,apparmor/}{current,exec} rw,
    signal (receive) peer=unconfined,
    /d/hat r,
  }
  profile child {
    owner /proc/*/{,task/*/}attr/{,apparmor/}{current,exec} rw,
    signal (receive) peer=unconfined,
  }
}
profile s_peer {
  owner /proc/*/{,task/*/}attr/{,apparmor/}{current,exec} rw,
  signal,
  ptrace,
}
profile s_other {
  /d/bin/* mr,
  signal,
  ptrace,
}
profile s_chg1 { signal, }
profile s_none {
  owner /proc/*/{,task/*/}attr/{,apparmor/}{current,exec} rw,
}
profile s_complain flags=(complain) {
}
profile s_free flags=(unconfined) {
}
