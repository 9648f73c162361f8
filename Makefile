.PHONY: build clean-build test bench figures steps load-line truth-figures slack-figures bench-figures serve-figures \
	serve-live serve-soak clients tune-demo tune-example tune-figures plan-figures container docs validation house \
	mutate fuzz clean

build:
	dotnet build Plimsoll.slnx -c Release -v quiet --nologo

# Builds a fresh clone without a compiler server and says what processor time that takes; 60 s are promised.
clean-build:
	@sh tools/clean-build

# Restores, builds and runs every test; the last line is "N passed, N failed".
test:
	@sh tests/run

bench:
	dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- --filter '*'

# The promised speed figures: requests per second of one core, memory, allocation.
figures:
	dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- figures

# Nanoseconds and bytes of one plan and its commit, the best of many short rounds.
steps:
	dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- steps

# How far the default load line moves from seed to seed.
load-line:
	dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- load-line

# What predictions are held to: the validation's rows, the load line's spread over seeds, what the default account
# chooses at each and how wide its interval is, requests per second of a whole simulation.
truth-figures: build
	src/Plimsoll.Cli/bin/Release/net10.0/plimsoll validate
	dotnet run -c Release --no-build --project benchmarks/Plimsoll.Benchmarks -- load-line
	dotnet run -c Release --no-build --project benchmarks/Plimsoll.Benchmarks -- account-seeds
	dotnet run -c Release --no-build --project benchmarks/Plimsoll.Benchmarks -- figures

# What slack gets for batch work, against static settings and what fits; drafts, predictor, one step, speed; its laws
# over three million events.
slack-figures:
	dotnet build benchmarks/Plimsoll.Benchmarks -c Release -v quiet --nologo
	for figure in slack slack-bound slack-drafts slack-predictor slack-step slack-speed "slack-laws 3"; do \
		benchmarks/Plimsoll.Benchmarks/bin/Release/net10.0/Plimsoll.Benchmarks $$figure || exit 1; done

# The load generator's figures: overload, search and loop in simulated time; memory, stamps, streams and lateness live,
# beside a plain asyncio client (python3-aiohttp). The live ones want an idle machine.
bench-figures:
	dotnet build benchmarks/bench -c Release -v quiet --nologo
	for figure in overload search loop memory lateness streams timestamps; do \
		benchmarks/bench/bin/Release/net10.0/Plimsoll.Bench.Figures $$figure || exit 1; done
	benchmarks/bench/live-loop.sh

# The gateway's figures in simulated time: the twin against gates without a model, four replicas, prediction errors.
serve-figures:
	dotnet build benchmarks/serve -c Release -v quiet --nologo
	for figure in errors fleet twin; do \
		benchmarks/serve/bin/Release/net10.0/Plimsoll.Serve.Figures $$figure || exit 1; done

# The server's figures by the clock: what passing through costs on one core, the simulated engine behind HTTP
# against `simulate`, HTTP and metering at 2,000 tokens/s. They want an idle machine.
serve-live: build
	dotnet build benchmarks/serve -c Release -v quiet --nologo
	for figure in gateway live share; do \
		benchmarks/serve/bin/Release/net10.0/Plimsoll.Serve.Figures $$figure \
			src/Plimsoll.Cli/bin/Release/net10.0/plimsoll || exit 1; done

# The listed npm clients, none patched, against a running server; wants node and npm.
clients: build
	tests/clients/run $(CURDIR)/src/Plimsoll.Cli/bin/Release/net10.0/plimsoll

# Durability and endurance of the server: 100 kills of batches of 10,000 lines on SQLite and on PostgreSQL, a
# million requests, fair shares.
serve-soak: build
	dotnet build benchmarks/serve -c Release -v quiet --nologo
	benchmarks/serve/bin/Release/net10.0/Plimsoll.Serve.Figures ledger
	for ledger in sqlite postgres; do \
		benchmarks/serve/bin/Release/net10.0/Plimsoll.Serve.Figures kill \
			src/Plimsoll.Cli/bin/Release/net10.0/plimsoll 100 10000 $$ledger || exit 1; done
	benchmarks/serve/bin/Release/net10.0/Plimsoll.Serve.Figures soak src/Plimsoll.Cli/bin/Release/net10.0/plimsoll

# The container image: as a tar archive for `docker load` or `podman load`, or pushed to REGISTRY=registry.example.com
# under REPOSITORY=team/plimsoll, as whom `docker login` has let in. Either wants the base image's registry, or a copy
# of it: BASE=registry.example.com/dotnet/aspnet:10.0.
container:
	dotnet publish src/Plimsoll.Cli -c Release -v quiet --nologo -t:PublishContainer \
		$(if $(BASE),-p:ContainerBaseImage=$(BASE)) $(if $(REGISTRY),-p:ContainerRegistry=$(REGISTRY) \
		-p:ContainerRepository=$(or $(REPOSITORY),plimsoll), \
		-p:ContainerArchiveOutputPath=$(CURDIR)/artifacts/plimsoll.tar.gz)

# Writes what is generated in docs/ again.
docs:
	dotnet build tests/Plimsoll.Tests -c Release -v quiet --nologo
	PLIMSOLL_WRITE_DOCS=1 tests/Plimsoll.Tests/bin/Release/net10.0/Plimsoll.Tests --progress off --filter-namespace Plimsoll.Tests.House
	PLIMSOLL_WRITE_DOCS=1 tests/Plimsoll.Tests/bin/Release/net10.0/Plimsoll.Tests --progress off --filter-method Plimsoll.Tests.Plans.ClaimsTests.The_page_is_fresh

# Runs the public validation on ../shared/data and writes its page again. It fails where a promised figure is missed.
# The part of it that the tests run has its medians written too.
validation: build
	src/Plimsoll.Cli/bin/Release/net10.0/plimsoll validate --write-docs docs
	PLIMSOLL_WRITE_DOCS=1 tests/Plimsoll.Tests/bin/Release/net10.0/Plimsoll.Tests --progress off --filter-class Plimsoll.Tests.Validation.FreshValidationTests

# Lines by folder, arrows between projects, and the mutation score where one was measured.
house:
	@sh tools/house

# Plants mutants in the rules that money and promises rest on and prints how many a test catches.
mutate: build
	dotnet run -c Release --no-build --project tools/Plimsoll.Mutants -- $(MUTANTS)

# An hour of mangled input for every parser (SECONDS=3600), from the corpus in tools/Plimsoll.Fuzz/corpus.
fuzz: build
	dotnet run -c Release --no-build --project tools/Plimsoll.Fuzz -- all --seconds $(or $(SECONDS),3600)

clean:
	rm -rf artifacts && find . -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +

# The figures of plan: mixtures over many nodes against what was published, engines of 2022 and embedding servers
# against today's, the laws over the whole catalogue, what speed costs, sums of compare, the pruned search against
# the whole one, AIConfigurator's question, a thousand deployments on a trace, the winner against choices by hand.
POINTS = ../shared/data/measured/inferencemax-points.csv.gz
CHATS = ../shared/data/traces/azure-2023-conv-first-half.csv
plan-figures: build
	dotnet build benchmarks/plan -c Release -v quiet --nologo
	for figure in wide-ep served catalogue speed compare pruned "ranking $(POINTS)" "thousand $(CHATS)" \
		"handmade $(CHATS)"; do \
		benchmarks/plan/bin/Release/net10.0/Plimsoll.Plan.Figures $$figure; done

# The whole path of a task, from records to traffic and back with a report at the end; fifteen minutes on two cores.
tune-demo:
	@sh tools/tune-demo

# The migration example of the guide: a larger tiny model as incumbent, a smaller one as candidate, one kept out.
tune-example:
	@sh tools/tune-example

# What tune is held to, in an hour of two cores: near-duplicates, gates and guards, planted faults, equal bytes, and the
# accuracy of the tuned default model over seeds with its baseline and few-shot beside it.
tune-figures:
	dotnet build benchmarks/tune -c Release -v quiet --nologo
	for figure in duplicates gates faults same-bytes; do \
		benchmarks/tune/bin/Release/net10.0/tune-figures $$figure || exit 1; done
	for set in snips banking77 clinc150; do \
		benchmarks/tune/bin/Release/net10.0/tune-figures intents $$set --seeds 3 && \
		benchmarks/tune/bin/Release/net10.0/tune-figures intents $$set --seed 1 --few-shot 10 || exit 1; done
	benchmarks/tune/bin/Release/net10.0/tune-figures intents-table
