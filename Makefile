# Two commands: `make demo` and `make check`. meson does the work; this installs what it needs first.
PACKAGES = meson ninja-build pkg-config gcc clang libclang-rt-14-dev libc6-dev python3 \
	libapparmor-dev libaudit-dev libyaml-dev libiptc-dev libnftables-dev libjson-c-dev libzstd-dev liblzma-dev \
	zlib1g-dev libseccomp-dev libcmocka-dev uthash-dev libxxhash-dev libmd-dev libcap-dev scdoc apparmor iptables nftables iproute2 \
	user-mode-linux strace kmod util-linux socat netcat-openbsd procps systemd xz-utils zstd

all: build/dev
	ninja -C build/dev

deps:
	@tests/install-deps.sh $(PACKAGES)

build/dev: | deps
	meson setup $@ --werror -Dfuzz=false

# ASan and UBSan over every unit and command test.
build/san: | deps
	meson setup $@ --werror -Db_sanitize=address,undefined -Db_lundef=false

demo: deps build/dev
	@ninja -C build/dev >/dev/null
	@tests/demo.sh build/dev

# Services that a test starts in the lab: installed by CI only, since on other machines their daemons would start, too.
SERVICES = php-fpm php-sqlite3 nginx-light python3
services:
	@[ -z "$$CI" ] || tests/install-deps.sh $(SERVICES)

check: deps services build/dev build/san
	@tests/run.sh build/dev build/san

# A million random names and a million mutated policies.
check-long: deps build/dev build/san
	@tests/long.sh build/dev build/san

# What reading logs costs, as multiples of grep; MEGABYTES=1024 for the large ones.
MEGABYTES = 200
bench: deps build/dev
	@tests/bench/run.sh build/dev $(MEGABYTES)

# The long run of every fuzz target, or of TARGETS; `make check` replays the corpus only. Nearly all of the time went into what is
# not tested: libFuzzer's entropic schedule goes through all features after each run (15 runs a second became 330), and ASan keeps
# 256 MB of freed memory away from use, so that each run gets fresh pages.
FUZZ_SECONDS = 900
TARGETS = log recording policy blob glob manifest ceiling files rules learn
build/fuzz: | deps
	CC=clang meson setup $@ -Dfuzz=true -Dc_args=-fsanitize=fuzzer-no-link -Db_sanitize=address,undefined -Db_lundef=false
fuzz: deps build/fuzz
	@ninja -C build/fuzz $(TARGETS:%=tests/fuzz/fuzz-%) >/dev/null
	@export ASAN_OPTIONS=quarantine_size_mb=4:malloc_context_size=4 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1; \
	    for f in $(TARGETS:%=build/fuzz/tests/fuzz/fuzz-%); do \
	    mkdir -p $$f.corpus; nice $$f -max_total_time=$(FUZZ_SECONDS) -runs=20000000 -entropic=0 -rss_limit_mb=2000 -max_len=4096 \
	    -artifact_prefix=$$f- $$f.corpus tests/corpus/*/ || exit 1; done

# Lines that differ from the last commit; tables laid out by hand stay as they are.
format:
	git clang-format --extensions c,h HEAD || true

clean:
	rm -rf build

.PHONY: all deps services demo check check-long bench fuzz format clean
