using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Cli.Verbs;

/// <summary>What is asked of a fleet: traffic, promise, and how it is simulated.</summary>
sealed class WorkloadOptions
{
    readonly Option<string> _workload = new("--workload")
    {
        Description =
            "Workload family (chat, code-completion, …; chat:envelope=office,tenants=4) or a trace file",
        DefaultValueFactory = _ => Usual.Workload,
    };

    readonly Option<double?> _rate = new("--rate")
    {
        Description = "Mean demand, requests per second [default: the workload's own]",
    };

    readonly Option<string[]> _promise = new("--promise")
    {
        Description =
            "A limit such as \"ttft p95 500ms\"; repeatable [default: ttft p95 500ms, tpot p95 50ms]",
    };

    readonly Option<string[]> _level = new("--level")
    {
        Description = "A level of service that requests of the workload name: "
            + "\"premium: ttft p95 300ms, itl p99 60ms, reject\" or \"nightly: batch, weight 3\"; "
            + "repeatable [default: what the workload says, else --promise]",
    };

    readonly TraceArguments _trace = new();

    readonly Option<long?> _requests = new("--requests")
    {
        Description = "Requests of each simulated run [default: as many as the percentiles and the arrivals' "
            + "memory ask for; of a trace, the trace once; of simulate 20000, of --arrivals week the week]",
    };

    readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of all random draws",
        DefaultValueFactory = _ => 1,
    };

    public WorkloadOptions()
    {
        _workload.Suggest(Suggestions.Workloads);
    }

    public void AddTo(Command command)
    {
        command.Add(_workload);
        _trace.AddTo(command);
        command.Add(_rate);
        command.Add(_promise);
        command.Add(_level);
    }

    public void AddRunsTo(Command command)
    {
        command.Add(_requests);
        command.Add(_seed);
    }

    /// <summary>Whether a promise was given in words.</summary>
    public bool NamesPromise(ParseResult parsed) =>
        (parsed.GetValue(_promise) ?? []).Length + (parsed.GetValue(_level) ?? []).Length > 0;

    /// <summary>What is served on a deployment, with every name looked up and every number checked.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="deployment">On what.</param>
    /// <param name="policy">By which scheduler.</param>
    /// <param name="rateMatters">False where everything arrives at once.</param>
    /// <param name="promises">False for work that nobody waits for.</param>
    public Serving Resolve(
        ParseResult parsed, DeploymentChoice deployment, SchedulingPolicy policy, bool rateMatters = true,
        bool promises = true)
    {
        var rate = parsed.GetValue(_rate);
        if (rate is { } given && !(given is >= 1e-6 and <= 1e7))
            throw new BadInputException($"--rate {given}: expected 0.000001 to 10000000 requests per second");
        var workload = WorkloadChoice.Open(parsed.GetValue(_workload)!, _trace.Read(parsed));
        workload = ModelWorkload.Of(workload, deployment.Model);
        if (rate is null && rateMatters && !workload.HasRate)
        {
            throw new BadInputException(
                $"{workload.Name} spans no time; expected --rate REQUESTS-PER-SECOND");
        }
        var stated = (parsed.GetValue(_level) ?? []).Select(LevelPromise.Parse).ToList();
        if (promises)
            CheckPromiseCounts(parsed.GetValue(_promise) ?? [], workload, stated);
        return new Serving
        {
            Deployment = deployment,
            Policy = policy,
            Workload = workload,
            RequestsPerSecond = rate ?? workload.RequestsPerSecond,
            Levels = promises
                ? Serving.LevelsOf(
                    workload, Promise(parsed.GetValue(_promise) ?? [], workload.MeanOutputTokens > 0),
                    stated)
                : [.. Enumerable.Repeat(LevelPromise.None, Math.Max(1, workload.Levels.Count))],
            Requests = Requests(parsed),
            Seed = parsed.GetValue(_seed),
        };
    }

    /// <summary>
    /// A word that only one policy keeps is not silently forgotten by the others, nor one that has nowhere to
    /// lead.
    /// </summary>
    public static void CheckPolicy(
        IReadOnlyList<LevelPromise> levels, SchedulingPolicy policy, bool hasBatch)
    {
        hasBatch |= levels.Any(level => level.Spec.Class == ServiceClass.Batch);
        foreach (var level in levels)
        {
            var word = level.Spec switch
            {
                { Overload: Overload.Reject } => "reject",
                { Overload: Overload.Relegate } => "relegate",
                { MinShare: > 0 } => "share",
                { Weight: > 1 } => "weight",
                _ => null,
            };
            if (word is not null && policy.Slack is null)
            {
                throw new BadInputException(
                    $"{Setting.Level} {level.Spec.Name}: {word}", $"{policy.Name} does not keep it",
                    $"--policy {SchedulingPolicy.InSlack.Name}");
            }
            if (level.Spec.Priority != 0 && policy.Slack is not null)
            {
                throw new BadInputException(
                    $"{Setting.Level} {level.Spec.Name}: priority", $"{policy.Name} goes by deadlines",
                    $"limits, or --policy {SchedulingPolicy.VllmV1Priority.Name}");
            }
            if (level.Spec.Overload == Overload.Relegate && !hasBatch)
            {
                throw new BadInputException(
                    $"{Setting.Level} {level.Spec.Name}: relegate", "no level is batch that it could lead to",
                    "a level that is, or of simulate --batch-workload");
            }
        }
    }

    /// <summary>A promise that no level has is not silently forgotten.</summary>
    static void CheckPromiseCounts(string[] promise, Workload workload, List<LevelPromise> stated)
    {
        string[] names = workload.Levels.Count == 0 ? [ServiceLevelSpec.Default.Name]
            : [.. workload.Levels.Where(own => !own.IsStated).Select(own => own.Spec.Name)];
        bool IsStated(string name) =>
            stated.Any(level => level.Spec.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (promise.Length > 0 && names.All(IsStated))
        {
            throw new BadInputException(
                $"--promise {promise[0]}", "every level has a promise of its own", "one of the two");
        }
        // Where some levels are spoken of, the others are not silently promised what is usual.
        var forgotten = names.FirstOrDefault(name => !IsStated(name)
            && !name.Equals(ServiceLevelSpec.Batch.Name, StringComparison.OrdinalIgnoreCase));
        if (promise.Length == 0 && forgotten is not null
            && workload.Levels.Any(own => IsStated(own.Spec.Name)))
        {
            throw new BadInputException(
                $"{Setting.Level}", $"level {forgotten} of {workload.Name} is not defined",
                $"{Setting.Level} \"{forgotten}: …\", or --promise for all that are not");
        }
    }

    static IReadOnlyList<Limit> Promise(string[] texts, bool answers)
    {
        var limits = new List<Limit>();
        string[] usual = answers ? ["ttft p95 500ms", "tpot p95 50ms"] : ["ttft p95 500ms"];
        foreach (var text in texts.Length > 0 ? texts : usual)
        {
            limits.Add(PromiseText.Parse(text));
            if (!answers && limits[^1].Metric is Metric.Tpot or Metric.Itl)
            {
                throw new BadInputException(
                    $"--promise {text}", "requests that end with their prompt have no gaps between tokens",
                    "ttft, the time to the result, or e2e");
            }
        }
        return limits;
    }

    long? Requests(ParseResult parsed)
    {
        const long Fewest = 200;
        return parsed.GetValue(_requests) switch
        {
            null => null,
            >= Fewest and <= 1_000_000_000 and var given => given,
            var other => throw new BadInputException($"--requests {other}: expected {Fewest} to 1000000000"),
        };
    }
}
