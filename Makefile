.PHONY: build test bench figures load-line docs validation clean

build:
	dotnet build Plimsoll.slnx -c Release -v quiet --nologo

# Restores, builds and runs every test; the last line is "N passed, N failed".
test:
	@sh tests/run

bench:
	dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- --filter '*'

# The promised speed figures: requests per second of one core, memory, allocation.
figures:
	dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- figures

# How far the default load line moves from seed to seed.
load-line:
	dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- load-line

# Writes what is generated in docs/ again.
docs:
	dotnet build tests/Plimsoll.Tests -c Release -v quiet --nologo
	PLIMSOLL_WRITE_DOCS=1 tests/Plimsoll.Tests/bin/Release/net10.0/Plimsoll.Tests --progress off --filter-namespace Plimsoll.Tests.House

# Runs the public validation on ../shared/data and writes its page again. It fails where a promised figure is missed.
validation: build
	src/Plimsoll.Cli/bin/Release/net10.0/plimsoll validate --write-docs docs

clean:
	rm -rf artifacts && find . -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
