# What an exec leads to, links, attachment. `mr` on a program lets it run once it is confined.
abi <abi/3.0>,
profile x {
  /d/bin/ix ix,
  /d/bin/mrix mrix,
  /d/bin/px px,
  /d/bin/Px Px,
  /d/bin/gone px,
  /d/bin/pix pix,
  /d/bin/pux PUx,
  /d/bin/there pix,
  /d/bin/cx cx,
  /d/bin/nochild cx,
  /d/bin/cix cix,
  /d/bin/ux ux,
  /d/bin/Ux Ux,
  /d/bin/named px -> x_named,
  /d/bin/namedgone px -> x_gone,
  /d/bin/namedchild cx -> kid,
  /d/bin/two px,
  owner /d/bin/own ix,
  deny /d/bin/no x,
  /d/bin/many/* ix,
  /d/bin/many/f.px px,
  /d/bin/r r,

  /d/ln/any* l,
  /d/ln/new l,
  /d/ln/old rw,
  link /d/ln/pair -> /d/ln/target,
  /d/ln/more rwl,
  /d/ln/less r,
  link subset /d/ln/sub -> /d/ln/less,
  /d/ln/sub rw,
  link subset /d/ln/sub2 -> /d/ln/less,
  /d/ln/sub2 r,

  profile kid {
    /d/bin/namedchild mr,
    /d/kid r,
  }
  profile /d/bin/cx {
    /d/bin/cx mr,
    /d/kid r,
  }
}
profile /d/bin/px { /d/bin/px mr, }
profile x_scrubbed /d/bin/Px { /d/bin/Px mr, }
profile x_there /d/bin/there { /d/bin/there mr, }
profile x_named { /d/bin/named mr, }
profile x_one /d/bin/tw? { }
profile x_two /d/bin/t?o { }
profile x_attach /d/att/{one,two} { /d/att/* mr, }
profile x_wide /d/att/** { /d/att/* mr, }
profile x_unattached { }
