using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Cli.Verbs;

/// <summary>Batch work beside the requests: what it is, how much of it comes, who lets it through.</summary>
sealed class BatchOptions
{
    /// <summary>Lines that may come while a run lasts; each is drawn.</summary>
    const double MostLines = 1e7;

    readonly Option<string?> _workload = new("--batch-workload")
    {
        Description = "Batch work beside the requests: a family or a trace file [default: none]",
    };

    readonly Option<double?> _rate = new("--batch-rate")
    {
        Description = "Batch lines that come to the fleet, per second [default: a backlog without end]",
    };

    readonly Option<int> _lines = new("--batch-lines")
    {
        Description = "Most batch requests under way at each engine rank, as a gateway lets through",
        DefaultValueFactory = _ => new BatchGateOptions().Lines,
    };

    readonly Option<bool> _aimd = new("--batch-aimd")
    {
        Description = "Let --batch-lines rise by one and halve, by the engine's queue and KV, each second",
    };

    readonly Option<double> _share = CreateShare();

    readonly Option<string?> _step = new("--batch-step")
    {
        Description = "Longest step that batch work may fill while tokens are due, such as 40ms: first "
            + "tokens come sooner, batch work has less; with --policy slack "
            + "[default: a twelfth of the TTFT that is promised]",
    };

    readonly Option<string> _window = new("--batch-window")
    {
        Description = "Time in which batch work has to be done; says how much of it fits",
        DefaultValueFactory = _ => "24h",
    };

    readonly Option<string?> _map = CreateMap();

    readonly Option<string?> _weights = TenantWeights.Create();

    public static Option<string?> CreateMap() => new("--batch-map")
    {
        Description = "Which columns of the batch workload's log hold what, as --map says it",
    };

    public static Option<double> CreateShare() => new("--batch-share")
    {
        Description = "Share of each engine's time, as it is billed, and of its KV and sequences promised to "
            + "--batch-workload, beside what levels are promised; the policy slack keeps it",
        DefaultValueFactory = _ => 0,
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            _workload, _rate, _lines, _aimd, _share, _step, _window, _map, _weights,
        })
        {
            command.Add(option);
        }
    }

    /// <summary>A session waits for its own answers; a line of batch work waits for nobody's.</summary>
    public static Workload? Open(string? name, string? map = null)
    {
        if (name is null)
            return null;
        var workload = WorkloadChoice.Open(
            name, TraceArguments.Mapped(map), Setting.BatchWorkload);
        return workload.ClosedLoop
            ? throw new BadInputException($"--batch-workload {name}: its requests wait for answers; "
                + "expected a workload of single requests")
            : workload;
    }

    /// <summary>Whether there is any.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_workload) is not null;

    /// <summary>A simulation with batch work beside it, if any was asked for.</summary>
    public SimulationOptions Read(
        ParseResult parsed, SimulationOptions options, SimulatedEngine engine, Workload interactive,
        double requestsPerSecond, ArrivalProcess process)
    {
        CheckDeadlines(parsed, options, engine, interactive);
        if (Open(parsed.GetValue(_workload), parsed.GetValue(_map)) is not { } workload)
        {
            var expected = $": expected {_workload.Name} with it";
            parsed.RefuseGiven(expected, _rate, _lines, _aimd, _share, _window, _map, _weights);
            if (!options.Levels.Any(level => level.Spec.Class == ServiceClass.Batch))
                parsed.RefuseGiven(expected + ", or a level that is batch", _step);
            return options;
        }
        if (process == ArrivalProcess.AtOnce)
        {
            throw new BadInputException($"{_workload.Name} {workload.Name}: requests that come at once leave "
                + "no time that batch work is counted in; expected --arrivals own, week or poisson");
        }
        var lines = parsed.GetValue(_lines);
        if (lines is < 1 or > 10_000)
            throw new BadInputException($"--batch-lines {lines}: expected 1 to 10000");
        var windowNs = PromiseText.Duration(parsed.GetValue(_window)!, _window.Name);
        BatchWindow.Check(windowNs, workload, engine);
        var rate = Rate(parsed.GetValue(_rate));
        CheckLines(rate, options.Requests, requestsPerSecond);
        return options with
        {
            BatchWorkload = workload,
            BatchLinesPerSecond = rate,
            BatchWindowNs = windowNs,
            MinBatchShare = Share(parsed, options, engine),
            TenantWeights = Weights(parsed, workload, engine),
            BatchGate = new BatchGateOptions { Lines = lines, IsAdaptive = parsed.GetValue(_aimd) },
        };
    }

    static void CheckLines(double? rate, long requests, double requestsPerSecond)
    {
        if (rate * requests / requestsPerSecond is not (> MostLines and var come))
            return;
        var most = MostLines * requestsPerSecond / requests;
        throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
            $"--batch-rate {rate}: {come:#,0} lines would come while {requests:#,0} requests do; ")
            + string.Create(CultureInfo.InvariantCulture,
                $"expected at most {most:0.######} per second, {MostLines:#,0} in all, or fewer --requests"));
    }

    /// <summary>The engine with the steps that batch work may fill.</summary>
    public SimulatedEngine Apply(ParseResult parsed, SimulatedEngine engine)
    {
        if (parsed.GetValue(_step) is not { } text)
            return engine;
        var policy = engine.Limits.Policy;
        if (policy.Slack is null)
        {
            throw new BadInputException($"{_step.Name} {text}: {policy.Name} does not size steps by time; "
                + $"expected --policy {SchedulingPolicy.InSlack.Name}");
        }
        var stepNs = PromiseText.Duration(text, _step.Name);
        return engine with
        {
            Limits = engine.Limits with
            {
                Policy = policy with { Slack = policy.Slack with { BatchStepNs = stepNs } },
            },
        };
    }

    /// <summary>Lines per second, checked; null for a backlog.</summary>
    internal static double? Rate(double? lines) => lines is not { } rate ? null
        : rate is >= 1e-6 and <= 1e7 ? rate
        : throw new BadInputException($"--batch-rate {rate}: expected 0.000001 to 10000000 lines per second");

    /// <summary>A policy that keeps deadlines is not given one that no step can keep.</summary>
    void CheckDeadlines(
        ParseResult parsed, SimulationOptions options, SimulatedEngine engine, Workload interactive)
    {
        if (engine.Limits.Policy.Slack is not { } slack)
            return;
        var (firstNs, leastNs) = LoneRequest.MedianNs(interactive, engine, options.Seed);
        foreach (var level in options.Levels)
        {
            var name = $"level {level.Spec.Name}";
            Check(name, "a token every", level.Spec.ItlNs, "one", leastNs);
            Check(name, "a first token within", level.Spec.TtftNs, "that", firstNs);
            Check(name, "an answer within", level.Spec.CompletionNs, "its first token", firstNs);
        }
        Check($"{_step.Name} {parsed.GetValue(_step)}", "a step of", slack.BatchStepNs, "the shortest step",
            (long)(leastNs * (1 + SimulationOptions.UsualStepMargin)));

        static void Check(string name, string what, long? ns, string least, long leastNs)
        {
            if (ns >= leastNs || ns is null)
                return;
            var fits = Math.Ceiling(leastNs / 1e5) / 10;
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"{name}: {what} {ns / 1e6:0.###} ms is asked for and {least} of the median prompt takes ")
                + string.Create(CultureInfo.InvariantCulture,
                    $"{leastNs / 1e6:0.0} ms alone; expected at least {fits:0.0}ms"));
        }
    }

    int[] Weights(ParseResult parsed, Workload workload, SimulatedEngine engine)
    {
        var text = parsed.GetValue(_weights);
        return text is null || engine.Limits.Policy.Slack is not null ? TenantWeights.Read(text, workload)
            : throw new BadInputException($"{_weights.Name} {text}: {engine.Limits.Policy.Name} weighs no "
                + $"tenants; expected --policy {SchedulingPolicy.InSlack.Name}");
    }

    double Share(ParseResult parsed, SimulationOptions options, SimulatedEngine engine)
    {
        var share = Share(parsed.GetValue(_share), options.Levels);
        return share == 0 || engine.Limits.Policy.Slack is not null ? share : throw new BadInputException(
            $"--batch-share {share}: {engine.Limits.Policy.Name} keeps no shares; expected --policy "
            + SchedulingPolicy.InSlack.Name);
    }

    /// <summary>A share that interactive work and the levels leave.</summary>
    internal static double Share(double share, IReadOnlyList<LevelPromise> levels)
    {
        var left = ServiceLevelSpec.MostShared(
            levels.Any(level => level.Spec.Class == ServiceClass.Interactive));
        foreach (var level in levels)
            left -= level.Spec.MinShare;
        if (!(share >= 0 && share <= left + 1e-9))
        {
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"--batch-share {share}: expected 0 to {Math.Max(0, left):0.##}, what interactive work and ")
                + "the levels' shares leave");
        }
        return share;
    }
}
