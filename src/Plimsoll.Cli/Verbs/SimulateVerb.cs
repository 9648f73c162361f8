using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll simulate</c>: what a fleet would have done with a workload.</summary>
sealed class SimulateVerb(TextWriter output, TextWriter story)
{
    /// <summary>
    /// Parallelism left out is chosen as an account would, which needs no longer runs than this.
    /// </summary>
    const long RequestsToChoose = 20_000;
    const long UsualRequests = 20_000;
    const double SecondsPerWeek = 7 * 86_400;

    readonly ServingOptions _serving = new();

    readonly Option<int> _replicas = new("--replicas")
    {
        Description = "Replicas behind the router",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<int> _prefillReplicas = new("--prefill-replicas")
    {
        Description = "Replicas that only prefill; the others then only decode",
        DefaultValueFactory = _ => 0,
    };

    readonly Option<double> _kvTransfer = new("--kv-transfer-gbps")
    {
        Description = "Disaggregated: bandwidth between the pools, 10⁹ bytes per second",
        DefaultValueFactory = _ => 50,
    };

    readonly Option<string> _router = new("--router")
    {
        Description = $"{RoutingPolicies.All}",
        DefaultValueFactory = _ => RoutingPolicies.All.NameOf(RoutingPolicy.RoundRobin),
    };

    readonly Option<string> _arrivals = ArrivalsOption.Create();

    readonly Option<FileInfo?> _traceOut = new("--trace-out")
    {
        Description = "Write one JSON line per request: level, replica, the engine's stamps, TTFT and E2E",
    };

    readonly Option<string?> _price = new("--price")
    {
        Description = "USD per accelerator-hour, or a provider type or term of the catalogue with an "
            + "optional date [default: latest on-demand median, where levels or batch work share the fleet]",
    };

    readonly BatchOptions _batch = new();
    readonly DraftOptions _drafts = new();

    readonly Option<bool> _json = new("--json") { Description = "Print JSON of the published schema" };

    public Command Build()
    {
        var command =
            new Command("simulate", "What a fleet would have done: latencies, throughput, preemptions.");
        _serving.AddTo(command);
        _router.OneOf(RoutingPolicies.All);
        foreach (var option in new Option[]
        {
            _replicas, _router, _prefillReplicas, _kvTransfer, _arrivals, _traceOut, _price, _json,
        })
        {
            command.Add(option);
        }
        _price.Suggest(Suggestions.ProviderTypes);
        _batch.AddTo(command);
        _drafts.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var process = ArrivalsOption.Read(parsed, _arrivals);
        var serving = _serving.Resolve(
            parsed, rateMatters: process != ArrivalProcess.AtOnce, hasBatch: _batch.IsGiven(parsed));
        var requests = Requests(serving, process);
        var engine = _batch.Apply(parsed, _drafts.Apply(parsed, Choose(serving)));
        var replicas = Count(parsed, _replicas, least: 1);
        var prefillReplicas = Count(parsed, _prefillReplicas, least: 0);
        using var trace = parsed.GetValue(_traceOut) is { } file
            ? RequestLog.Create(file.FullName, serving.Levels, engine.StepTime.RequestOverhead) : null;
        using var progress = new ProgressLine(story, "simulating", requests);
        var options = _batch.Read(parsed, new SimulationOptions
        {
            Requests = requests,
            WarmupRequests = requests / 10,
            Seed = serving.Seed,
            Levels = serving.Levels,
            Observer = trace is null ? null : trace.Add,
            Progress = progress.Report,
        }, engine, serving.Workload, serving.RequestsPerSecond, process);
        var shared = options.Levels.Count > 1 || options.BatchWorkload is not null;
        var price = PriceOf(parsed, engine, replicas + prefillReplicas, shared);
        options = options with { AttributeTime = shared && price is not null };
        SimulationResult Simulate(SimulatedEngine each, StepErrorDraw draw, SimulationOptions drawn) =>
            each.Run(
                serving.Workload, serving.RequestsPerSecond, drawn, process,
                fleet: FleetOf(parsed, each, replicas, prefillReplicas).Drawn(draw));
        var bounds = SimulationBounds.Of(
            engine.StepTime.Errors, options, (draw, drawn) => Simulate(engine, draw, drawn));
        if (bounds.Run.Completed == 0)
            throw new BadInputException(NothingFits(serving, engine));
        var drafts = _drafts.IsGiven(parsed)
            ? DraftStudy.Of(engine, bounds.Run, each => Simulate(
                each, StepErrorDraw.None, options with { Observer = null, Progress = null }))
            : null;
        trace?.Keep();
        progress.Clear();
        output.Write(parsed.GetValue(_json)
            ? SimulationJson.Of(
                bounds, engine.StepTime.Tier, options,
                ServingNotes.Of(engine, serving, options.BatchWorkload), price, drafts)
            : SimulationText.Of(bounds, serving, engine, replicas, prefillReplicas, process)
                + SimulationText.Batch(bounds, options)
                + SimulationText.Tenants(bounds.Run, options)
                + LevelText.Costs(bounds, serving.Levels, price)
                + LevelText.Drafts(drafts, isAtOnce: process == ArrivalProcess.AtOnce));
        return CommandLine.Done;
    }

    Fleet FleetOf(ParseResult parsed, SimulatedEngine engine, int replicas, int prefillReplicas)
    {
        var deployment = engine.Deployment;
        var bandwidth = parsed.GetValue(_kvTransfer);
        return bandwidth is >= 0.001 and <= 1e6
            ? new Fleet
            {
                Serving = engine.Pool(replicas * engine.Ranks),
                Prefill = prefillReplicas > 0 ? engine.Pool(prefillReplicas * engine.Ranks) : null,
                Routing = parsed.Chosen(_router, RoutingPolicies.All),
                KvTransferNsPerToken = deployment.Model.KvBytesPerToken(deployment.Kv) / bandwidth,
            }
            : throw new BadInputException($"--kv-transfer-gbps {bandwidth}: expected 0.001 to 1000000");
    }

    /// <summary>
    /// What the fleet is paid; null where no price was given and the catalogue has none, or nobody shares it.
    /// </summary>
    FleetPrice? PriceOf(ParseResult parsed, SimulatedEngine engine, int replicas, bool shared)
    {
        var text = parsed.GetValue(_price);
        var accelerator = engine.Deployment.Accelerator;
        var isKnown = shared && Catalogue.BuiltIn.Prices.Any(p => p.Accelerator == accelerator.Key);
        if (text is null && !isKnown)
            return null;
        return new FleetPrice(
            Catalogue.BuiltIn.FindPrice(accelerator, text), replicas * engine.Deployment.Accelerators);
    }

    SimulatedEngine Choose(Serving serving)
    {
        using var progress = new ProgressLine(story, "choosing the parallelism", ProgressLine.Whole);
        return EngineChoice.Of(
            serving with { Requests = Math.Min(serving.Requests ?? RequestsToChoose, RequestsToChoose) },
            spareReplicas: 1, progress.ReportShare).Engine;
    }

    /// <summary>
    /// As many as were asked for; else a week, a trace once, or what tells percentiles apart.
    /// </summary>
    static long Requests(Serving serving, ArrivalProcess process) =>
        serving.Requests ?? (process == ArrivalProcess.Week && serving.Workload is WorkloadFamily
            ? (long)Math.Ceiling(serving.RequestsPerSecond * SecondsPerWeek)
            : serving.Workload.Recorded is >= 1000 and var recorded ? recorded : UsualRequests);

    static string NothingFits(Serving serving, SimulatedEngine engine) =>
        $"no request of {serving.Workload.Name} fits the {engine.Limits.NumBlocks} blocks of "
        + $"{engine.Limits.BlockSize} tokens that an engine holds, or the model's "
        + $"{engine.Deployment.Model.MaxContext} "
        + "tokens; expected a larger --tp or --num-gpu-blocks, or shorter prompts";

    static int Count(ParseResult parsed, Option<int> option, int least)
    {
        var value = parsed.GetValue(option);
        return value >= least && value <= 10_000
            ? value
            : throw new BadInputException($"{option.Name} {value}: expected {least} to 10000");
    }
}
