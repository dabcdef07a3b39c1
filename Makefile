# What the house offers to run. `make check` is what must be green before a change lands.
GO    ?= go
TOOL   = $(GO) tool -modfile=tools/go.mod
SEED  ?= 1
STEPS ?= 20000
BASE  ?= main

.PHONY: check format lint test race demo sim kill bench bench-serve bench-ingest golden fuzz

check: format lint test race

format: ## fails where gofumpt would change a file
	@out=$$($(TOOL) gofumpt -l .); test -z "$$out" || { echo "gofumpt would change:"; echo "$$out"; exit 1; }

lint:
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	cd tools && $(GO) vet ./...

test:
	$(GO) test ./...
	cd tools && $(GO) test ./...

race: ## the packages where goroutines meet; noasm, because Gorse's assembly is not fit for it
	$(GO) test -race -tags noasm ./engine/... ./store/... ./serving/... ./training/... ./api/...

demo:
	$(GO) run ./cmd/rapport demo

sim: ## a longer simulation of the whole house: make sim SEED=7 STEPS=100000
	$(GO) test ./cmd/rapport -run TestSimulation -count=1 -timeout 60m -seed=$(SEED) -steps=$(STEPS) -v

kill: ## more rounds of the kill test
	$(GO) test ./cmd/rapport -run TestKill -count=1 -timeout 60m -kills=100 -v

bench: ## micro-benchmarks of this tree; with BASE= another revision, compared by benchstat
	benchmarks/compare $(BASE)

bench-serve: ## answers over HTTP beside an empty handler, three rounds of a minute each
	$(GO) run ./benchmarks/serve

bench-ingest: ## a million events over HTTP beside raw Badger
	$(GO) run ./benchmarks/ingest

golden: ## rewrites the golden lists and shows what moved
	$(GO) test ./engine/recommend ./engine/solution ./training/evaluate -run Golden -update
	git diff --stat -- '*testdata*'

fuzz: ## each fuzz test for ten seconds
	benchmarks/fuzz 10s
