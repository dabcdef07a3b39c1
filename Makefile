# What the house offers to run. `make check` is what must be green before a change lands.
GO    ?= go
TOOL   = $(GO) tool -modfile=tools/go.mod
SEED  ?= 1
STEPS ?= 20000
BASE  ?= main

.PHONY: check format lint test race demo sim kill bench bench-serve bench-train bench-ingest bench-filter bench-memory bench-fresh bench-growth bench-sentence bench-suggest golden fuzz

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

# The benchmarks of speed; benchmarks/README.md says what each answers. ARGS= goes to the
# command: make bench-serve ARGS=-quick
ARGS ?=

bench-serve: ## CPU and waits of an answer, beside an empty handler, the kernels and Gorse
	$(GO) run ./benchmarks/serve $(ARGS)

bench-train: ## fits, beside Gorse's and Gonum's
	$(GO) run ./benchmarks/train $(ARGS)

bench-ingest: ## events over HTTP beside raw Badger, and what a crash costs
	$(GO) run ./benchmarks/ingest $(ARGS)

bench-filter: ## an answer over a million items, by how many pass the filter
	$(GO) run ./benchmarks/filter $(ARGS)

bench-memory: ## memory and start-up, serving and in training
	$(GO) run ./benchmarks/memory $(ARGS)

bench-fresh: ## from an interaction to another answer; answers beside a training; a mail run
	$(GO) run ./benchmarks/fresh $(ARGS)

bench-growth: ## fits by interactions and answers by items
	$(GO) run ./benchmarks/growth $(ARGS)

bench-sentence: ## vectors of sentences by length, and the memory of the model
	$(GO) run ./benchmarks/sentence $(ARGS)

bench-suggest: ## waits for a suggestion among 100,000 solutions, with and without the sentence encoder
	$(GO) run ./benchmarks/suggest $(ARGS)

golden: ## rewrites the golden lists and shows what moved
	$(GO) test ./engine/recommend ./engine/solution ./training/evaluate -run Golden -update
	git diff --stat -- '*testdata*'

fuzz: ## each fuzz test for ten seconds
	benchmarks/fuzz 10s
