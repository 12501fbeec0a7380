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

# The long run of every fuzz target; `make check` replays the corpus only.
FUZZ_SECONDS = 900
build/fuzz: | deps
	CC=clang meson setup $@ -Dfuzz=true -Dc_args=-fsanitize=fuzzer-no-link -Db_sanitize=address,undefined -Db_lundef=false
fuzz: deps build/fuzz
	@ninja -C build/fuzz >/dev/null
	@for f in build/fuzz/tests/fuzz/fuzz-*[!p]; do [ -x $$f ] && [ -f $$f ] || continue; \
	    mkdir -p $$f.corpus; nice $$f -max_total_time=$(FUZZ_SECONDS) -runs=20000000 -rss_limit_mb=2000 -max_len=8192 \
	    -artifact_prefix=$$f- $$f.corpus tests/corpus/* || exit 1; done

# Lines that differ from the last commit; tables laid out by hand stay as they are.
format:
	git clang-format --extensions c,h HEAD || true

clean:
	rm -rf build

.PHONY: all deps services demo check check-long bench fuzz format clean
