using System;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Plans;
using Plimsoll.Planning.Search;

namespace Plimsoll.Cli.Verbs.Plan;

/// <summary>What is asked of a plan: traffic, promise, space, limits.</summary>
sealed class PlanOptions
{
    readonly WorkloadOptions _served = new();
    readonly PlanSpaceOptions _space = new();

    readonly Option<bool> _batch = new("--batch")
    {
        Description = "Work that nobody waits for: the cheapest throughput, without a promise",
    };

    readonly Option<string?> _batchWorkload = new("--batch-workload")
    {
        Description = "Batch work to be done as well, a family or a trace file: in a fleet of its own, or in "
            + "what the requests' fleet leaves free [default: none]",
    };

    readonly Option<double?> _batchRate = new("--batch-rate")
    {
        Description = "With --batch-workload: its lines, per second, evenly over the week "
            + "[default: the workload's own]",
    };

    readonly Option<string> _batchWindow = new("--batch-window")
    {
        Description = "With --batch-workload: in which each line has to be done",
        DefaultValueFactory = _ => "24h",
    };

    readonly Option<string?> _batchMap = BatchOptions.CreateMap();

    readonly Option<string> _objective = new("--objective")
    {
        Description = $"What is made least: {PlanObjectives.All}; energy is the boards' rated power",
        DefaultValueFactory = _ => "cost",
    };

    readonly Option<long?> _accelerators = new("--max-accelerators")
    {
        Description = "Most accelerators of the whole fleet [default: no limit]",
    };

    readonly Option<double?> _budget = new("--budget")
    {
        Description = "Most USD an hour of the whole fleet [default: no limit]",
    };

    readonly Option<int> _spare = new("--spare-replicas")
    {
        Description = "Replicas, or groups of them, beyond the busiest hour's need",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<bool> _nodes = new("--whole-nodes")
    {
        Description = "Pay accelerators by whole nodes: 8 on a board, 72 in an NVL72 rack",
    };

    readonly Option<bool> _exhaustive = new("--exhaustive")
    {
        Description = "Simulate every candidate in full, nothing pruned",
    };

    readonly Option<string?> _time = new("--time-budget")
    {
        Description = "Look at no further candidate after this long; the result says what was not reached",
    };

    readonly Option<string?> _shards = new("--shards")
    {
        Description = "K/N: every N-th candidate from the K-th; plimsoll plan merge joins the journals",
    };

    readonly Option<int?> _isl = new("--isl")
    {
        Description = "Input tokens of every request: answers in closed form, without arrivals; with --osl",
    };

    readonly Option<int?> _osl = new("--osl") { Description = "Output tokens of every request; with --isl" };

    public void AddTo(Command command)
    {
        _served.AddTo(command);
        _space.AddTo(command);
        _objective.OneOf(PlanObjectives.All);
        foreach (var option in new Option[]
        {
            _batch, _batchWorkload, _batchRate, _batchWindow, _batchMap, _objective, _accelerators, _budget,
            _spare, _nodes, _exhaustive, _time, _shards, _isl, _osl,
        })
        {
            command.Add(option);
        }
        _served.AddRunsTo(command);
    }

    public PlanRequest Resolve(ParseResult parsed)
    {
        var batch = parsed.GetValue(_batch);
        if (batch && _served.NamesPromise(parsed))
            throw new BadInputException("--batch: has no promise; expected it without --promise and --level");
        var space = _space.Resolve(parsed, batch);
        // A plan reads nothing of the deployment; every candidate brings its own.
        var any = new DeploymentChoice
        {
            Model = space.Models[0], Accelerator = space.Accelerators[0].Accelerator,
            Weights = space.Models[0].NativeWeights, Kv = space.Kv[0], Engine = space.Settings,
        };
        var serving = _served.Resolve(parsed, any, SchedulingPolicy.VllmV1, promises: !batch);
        return new PlanRequest
        {
            Serving = serving,
            Space = space,
            Objective = parsed.Chosen(_objective, PlanObjectives.All),
            SpareReplicas = parsed.GetValue(_spare) is >= 0 and <= 10_000 and var spare ? spare
                : throw new BadInputException(
                    $"--spare-replicas {parsed.GetValue(_spare)}: expected 0 to 10000"),
            MaxAccelerators = parsed.GetValue(_accelerators) is not { } most ? null : most >= 1 ? most
                : throw new BadInputException($"--max-accelerators {most}: expected at least 1"),
            BudgetUsdPerHour = parsed.GetValue(_budget) is not { } usd ? null : usd > 0 ? usd
                : throw new BadInputException(FormattableString.Invariant(
                    $"--budget {usd}: expected USD an hour above 0")),
            WholeNodes = parsed.GetValue(_nodes),
            Beside = Beside(parsed),
            Exhaustive = parsed.GetValue(_exhaustive),
            Shard = Shard(parsed),
            OutOfTime = OutOfTime(parsed),
        };
    }

    /// <summary>Lengths of the question without arrivals; null where it is not asked.</summary>
    public MeanRequest? Lengths(ParseResult parsed)
    {
        var (input, output) = (parsed.GetValue(_isl), parsed.GetValue(_osl));
        if (input is null && output is null)
            return null;
        return input is >= 1 and <= 10_000_000 and var prompt
            && output is >= 1 and <= 10_000_000 and var answer
            ? new MeanRequest(prompt, 0, answer)
            : throw new BadInputException(
                $"--isl {input} --osl {output}: expected both, 1 to 10000000 tokens");
    }

    PlanBatchWork? Beside(ParseResult parsed)
    {
        if (BatchOptions.Open(parsed.GetValue(_batchWorkload), parsed.GetValue(_batchMap)) is not { } work)
        {
            parsed.RefuseGiven(
                $": expected {_batchWorkload.Name} with it", _batchRate, _batchWindow, _batchMap);
            return null;
        }
        if (parsed.GetValue(_batch) || parsed.GetValue(_objective) != "cost")
        {
            throw new BadInputException(
                $"{_batchWorkload.Name}: fills a fleet that keeps a promise, by what it costs; expected it "
                + $"without {_batch.Name}, and {_objective.Name} cost");
        }
        var rate = BatchOptions.Rate(parsed.GetValue(_batchRate));
        if (rate is null && !work.HasRate)
        {
            throw new BadInputException(
                $"{work.Name} spans no time; expected {_batchRate.Name} LINES-PER-SECOND");
        }
        return new PlanBatchWork(
            work, rate ?? work.RequestsPerSecond,
            PromiseText.Duration(parsed.GetValue(_batchWindow)!, _batchWindow.Name));
    }

    (int, int) Shard(ParseResult parsed)
    {
        if (parsed.GetValue(_shards) is not { } text)
            return (1, 1);
        var parts = text.Split('/');
        return parts.Length == 2 && Whole(parts[0], out var number) && Whole(parts[1], out var of)
            && number >= 1 && number <= of && of <= 10_000
            ? (number, of)
            : throw new BadInputException($"--shards {text}: expected K/N with 1 ≤ K ≤ N, such as 1/4");
    }

    static bool Whole(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    Func<bool> OutOfTime(ParseResult parsed)
    {
        if (parsed.GetValue(_time) is not { } text)
            return () => false;
        var budgetNs = PromiseText.Duration(text, "--time-budget");
        var started = Stopwatch.GetTimestamp();
        return () => Stopwatch.GetElapsedTime(started).TotalNanoseconds > budgetNs;
    }
}
