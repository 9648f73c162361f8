using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Serve.Figures.Gates;
using Plimsoll.Server.Twins;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// Batch tokens a second that a gateway gets out of an engine whose promise holds: the twin with one setting
/// against gates without a model, each at the setting that was best for the cell in hindsight.
/// </summary>
static class TwinFigures
{
    static readonly (string Card, int Sequences, int Budget)[] _engines =
        [("a100_sxm", 256, 2048), ("h100_sxm", 1024, 8192)];

    static readonly (string Name, Func<ulong, Traffic.Course> Course, double Load)[] Shapes =
    [
        ("Poisson 20 %", Traffic.Flat, 0.2), ("Poisson 40 %", Traffic.Flat, 0.4),
        ("Poisson 60 %", Traffic.Flat, 0.6), ("Poisson 80 %", Traffic.Flat, 0.8),
        ("square wave 35 %", Traffic.Square, 0.35), ("bursts (LGCP) 40 %", Traffic.Bursts, 0.4),
    ];

    public static FleetOptions Fleet(string card, int seqs, int budget)
    {
        var deployment = new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
            Accelerator = Catalogue.BuiltIn.FindAccelerator(card),
            Engine = new EngineSettings { MaxNumSeqs = seqs, MaxNumBatchedTokens = budget },
        };
        var stepTime = StepTimeCatalogue.ModelOf(deployment);
        var memory = KvCapacity.Blocks(deployment, stepTime.Engine.Memory, 4096);
        return new FleetOptions
        {
            StepTime = stepTime,
            Limits = EngineLimits.Of(stepTime, memory.Blocks, SchedulingPolicy.VllmV1) with
            {
                PrefixBlockTokens = 16,
            },
        };
    }

    public static TwinOptions Twin(FleetOptions fleet) => new()
    {
        Limits = fleet.Limits,
        StepTime = fleet.Believed ?? fleet.StepTime,
        TtftNs = fleet.TtftNs,
        ItlNs = fleet.ItlNs,
    };

    /// <summary>Highest Poisson rate at which interactive requests alone keep the promise.</summary>
    public static double Capacity(FleetOptions fleet)
    {
        double low = 0.5, high = 200;
        for (var i = 0; i < 9; i++)
        {
            var rate = Math.Sqrt(low * high);
            var alone = Run(fleet, Traffic.Flat, rate, null, twin: false, batch: false);
            (low, high) = Keeps(fleet, alone) ? (rate, high) : (low, rate);
        }
        return low;
    }

    public static bool Keeps(FleetOptions fleet, GateResult result) =>
        result.Keeps(fleet.TtftNs / 1e6, fleet.ItlNs / 1e6);

    public static GateResult Run(
        FleetOptions fleet, Func<ulong, Traffic.Course> course, double rate, Gate? gate, bool twin,
        bool batch = true, Func<TwinOptions, TwinOptions>? change = null)
    {
        var seconds = fleet.SecondsBefore + fleet.SecondsMeasured;
        var arrivals = Traffic.Interactive(course(fleet.Seed), rate * fleet.Replicas, seconds, fleet.Seed);
        var lines = batch ? Traffic.Batch(fleet.Seed) : null;
        var options = twin ? Twin(fleet) : null;
        if (options is not null && change is not null)
            options = change(options);
        var name = gate?.Name ?? (twin ? "twin" : "alone");
        return new GateRun(fleet, arrivals, lines, gate, options).Run(name);
    }

    public static void Print(TextWriter output, int seeds)
    {
        foreach (var (card, seqs, budget) in _engines)
        {
            var fleet = Fleet(card, seqs, budget);
            var capacity = Capacity(fleet);
            output.WriteLine(FormattableString.Invariant(
                $"Llama-3.1-8B on {card}, {seqs} sequences, {budget} tokens a step; chat alone keeps ")
                + FormattableString.Invariant($"the promise up to {capacity:0.0} requests/s"));
            var cells = new List<Cell>();
            foreach (var (name, course, load) in Shapes)
                cells.Add(PrintCell(output, fleet, name, course, load * capacity, seeds));
            OneSetting.Print(output, fleet, cells);
        }
    }

    static Cell PrintCell(
        TextWriter output, FleetOptions fleet, string name, Func<ulong, Traffic.Course> course, double rate,
        int seeds)
    {
        output.WriteLine(FormattableString.Invariant($"  {name}, {rate:0.0} requests/s a replica"));
        var twin = Mean(fleet, course, rate, null, twin: true, seeds);
        Line(output, fleet, twin);
        var cell = new Cell(twin, []);
        foreach (var (family, gates) in Families())
        {
            var results = gates.ConvertAll(gate => Mean(fleet, course, rate, gate, twin: false, seeds));
            cell.Families[family] = results;
            var best = Best(fleet, results);
            if (best is null)
                output.WriteLine($"    {family,-31} none of {gates.Count} settings keeps it");
            else
                Line(output, fleet, best, twin);
        }
        var ranked = fleet with { Limits = fleet.Limits with { Policy = SchedulingPolicy.VllmV1Priority } };
        var priority = Mean(ranked, course, rate, new OpenGate(), twin: false, seeds);
        Line(output, fleet, priority, twin, "no gate, engine priority");
        output.WriteLine(FormattableString.Invariant(
            $"    {"no promise at all",-31} {cell.Most,6:0} batch tokens/s at most"));
        return cell;
    }

    /// <summary>The best setting that keeps the promise; where there is one only, that one.</summary>
    static GateResult? Best(FleetOptions fleet, List<GateResult> results)
    {
        GateResult? best = null;
        foreach (var result in results)
        {
            if (results.Count == 1 || (Keeps(fleet, result)
                && (best is null || result.BatchTokensPerSecond > best.BatchTokensPerSecond)))
            {
                best = result;
            }
        }
        return best;
    }

    /// <summary>
    /// How far first tokens are predicted off, median of each cell: tokens back after 10 and 20 ms, and with
    /// half of the interactive requests past the gateway.
    /// </summary>
    public static void PrintErrors(TextWriter output, int seeds)
    {
        output.WriteLine($"  {"median error of predicted TTFT",-33}   10 ms     20 ms  half unseen, batch");
        var all = new List<double>[] { [], [], [] };
        foreach (var (card, seqs, budget) in _engines)
        {
            var fleet = Fleet(card, seqs, budget);
            var capacity = Capacity(fleet);
            foreach (var (name, course, load) in Shapes)
            {
                GateResult Of(long returnMs, double unseen) => Mean(
                    fleet with { ReturnNs = returnMs * 1_000_000, UnseenShare = unseen }, course,
                    load * capacity, null, twin: true, seeds);
                GateResult[] three = [Of(10, 0), Of(20, 0), Of(10, 0.5)];
                for (var i = 0; i < three.Length; i++)
                    all[i].Add(three[i].PredictionError!.Value);
                var batch = three[2].BatchTokensPerSecond / three[0].BatchTokensPerSecond;
                output.WriteLine($"  {card,-10} {name,-22} {Percent(three[0].PredictionError)} "
                    + $"{Percent(three[1].PredictionError)} {Percent(three[2].PredictionError)} "
                    + FormattableString.Invariant($"{batch,5:0.00}× ")
                    + (Keeps(fleet, three[2]) ? "kept" : "BROKEN"));
            }
        }
        foreach (var errors in all)
            errors.Sort();
        output.WriteLine($"  {"median of the cells",-33} {Percent(Middle(all[0]))} {Percent(Middle(all[1]))} "
            + Percent(Middle(all[2])));
    }

    static string Percent(double? share) => FormattableString.Invariant($"{100 * share,7:0.0} %");

    static double Middle(List<double> sorted) =>
        (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    /// <summary>
    /// Four replicas under bursts: the twin routes by predicted first tokens, the gates by load.
    /// </summary>
    public static void PrintFleet(TextWriter output, int seeds)
    {
        foreach (var (card, seqs, budget) in _engines)
        {
            var fleet = Fleet(card, seqs, budget) with { Replicas = 4 };
            var capacity = Capacity(fleet with { Replicas = 1 });
            output.WriteLine($"four replicas of {card}");
            PrintCell(output, fleet, "bursts (LGCP) 40 %", Traffic.Bursts, 0.4 * capacity, seeds);
        }
    }

    static IEnumerable<(string Family, List<Gate> Gates)> Families()
    {
        var aimd = new List<Gate>();
        foreach (var kv in new[] { 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9 })
            aimd.AddRange([new AimdGate(kv, 1), new AimdGate(kv, 2), new AimdGate(kv, 8)]);
        yield return ("AIMD on queue and KV", aimd);
        var latency = new List<Gate>();
        foreach (var share in new[] { 0.5, 0.7, 0.9, 1.0 })
        {
            foreach (var step in new[] { 1, 2, 8 })
                latency.Add(new LatencyGate(share, step));
        }
        yield return ("AIMD on latency", latency);
        int[] lines = [1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192];
        yield return ("clocked", [.. Array.ConvertAll(lines, Gate (line) => new ClockedGate(line))]);
        yield return ("fixed", [.. Array.ConvertAll(lines, Gate (line) => new FixedGate(line))]);
        yield return ("no gate", [new OpenGate()]);
    }

    public static GateResult Mean(
        FleetOptions fleet, Func<ulong, Traffic.Course> course, double rate, Gate? gate, bool twin, int seeds,
        Func<TwinOptions, TwinOptions>? change = null)
    {
        var results = new List<GateResult>();
        for (var seed = 1; seed <= seeds; seed++)
        {
            results.Add(Run(fleet with { Seed = (ulong)seed }, course, rate, gate, twin, change: change));
        }
        double Of(Func<GateResult, double> what)
        {
            var sum = 0.0;
            foreach (var result in results)
                sum += what(result);
            return sum / results.Count;
        }
        return new GateResult
        {
            Setting = results[0].Setting,
            BatchTokensPerSecond = Of(result => result.BatchTokensPerSecond),
            TtftP95Ms = Of(result => result.TtftP95Ms),
            ItlP95Ms = Of(result => result.ItlP95Ms),
            Kept = Of(result => result.Kept),
            PredictionError = twin ? Of(result => result.PredictionError ?? double.NaN) : null,
            Paused = Of(result => result.Paused),
        };
    }

    static void Line(
        TextWriter output, FleetOptions fleet, GateResult result, GateResult? twin = null,
        string? name = null)
    {
        var kept = Keeps(fleet, result);
        var times = twin?.BatchTokensPerSecond / result.BatchTokensPerSecond;
        var ratio = kept && times is not null ? FormattableString.Invariant($"  twin {times:0.00}×") : "";
        var error = result.PredictionError is { } e
            ? FormattableString.Invariant($"  TTFT predicted ±{100 * e:0.0} %") : "";
        output.WriteLine(FormattableString.Invariant(
            $"    {name ?? result.Setting,-31} {result.BatchTokensPerSecond,6:0} batch tokens/s  ")
            + FormattableString.Invariant($"TTFT p95 {result.TtftP95Ms,6:0} ms  ")
            + FormattableString.Invariant($"ITL p95 {result.ItlP95Ms,4:0} ms  ")
            + (kept ? "kept" : "BROKEN") + ratio + error);
    }
}
