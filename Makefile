.PHONY: build test bench clean

build:
	dotnet build Plimsoll.slnx -c Release -v quiet --nologo

# Restores, builds and runs every test; the last line is "N passed, N failed".
test:
	@sh tests/run

bench:
	dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- --filter '*'

clean:
	rm -rf artifacts && find . -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
