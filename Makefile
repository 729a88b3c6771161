# SPDX-License-Identifier: LGPL-2.1-or-later
# For people; the build itself is Meson's. `make demo` and `make check` each do all that they
# need on a fresh Debian 12, installing packages included.

BUILD ?= build
PYTHON := /usr/bin/python3
KEEP ?=

.PHONY: all everything deps demo check check-power check-provision bench bench-rpm bench-host bench-bus bench-bus-web bench-provision deb install lint format fuzz tsan clean

all: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	ninja -C $(BUILD) programs

# With what tests, benchmarks and analyzers want besides.
everything: all
	ninja -C $(BUILD)

deps:
	@tools/deps

demo: all
	KEEP=$(KEEP) $(PYTHON) demo/demo.py

check: deps
	@$(PYTHON) tools/check.py

# Cuts the power of a host 25 times while it updates; POWER_RUNS and POWER_SEED choose others.
POWER_RUNS ?= 25
POWER_SEED ?= 1
check-power: everything
	ATOLL_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -q -s -p no:cacheprovider \
		tests/integration/test_power_cuts.py tests/integration/test_power.py \
		tests/integration/test_boot_faults.py --power-runs=$(POWER_RUNS) --power-seed=$(POWER_SEED)

# Boots whole hosts that set themselves up, from every way in that a disk and a network have.
check-provision: everything
	ATOLL_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -q -s -p no:cacheprovider \
		tests/integration/test_provision_boot.py --provision-boots

bench: everything
	@tools/deps bench
	$(PYTHON) bench/bench.py
	$(PYTHON) bench/rpm.py
	$(PYTHON) bench/bus.py
	$(PYTHON) bench/host.py
	$(PYTHON) bench/provision.py

bench-rpm: everything
	$(PYTHON) bench/rpm.py

bench-host: everything
	$(PYTHON) bench/host.py

bench-bus: everything
	$(PYTHON) bench/bus.py

bench-provision: everything
	$(PYTHON) bench/provision.py

bench-bus-web: everything
	$(PYTHON) bench/bus-web.py

deb: deps
	packaging/make-deb

install: all
	meson install --no-rebuild -C $(BUILD)

lint: everything
	tools/lint $(BUILD)

format:
	git ls-files 'src/*.c' 'src/*.h' 'tests/*.c' | xargs clang-format -i

fuzz: deps
	tools/fuzz

# The tests once more under the thread sanitizer.
tsan: deps
	@$(PYTHON) tools/check.py --sanitize thread

clean:
	rm -rf build build-*
