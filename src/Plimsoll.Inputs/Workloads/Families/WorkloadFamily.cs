using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>A family as a workload: arrivals, lengths and sharing drawn from its distributions.</summary>
public sealed class WorkloadFamily : Workload
{
    /// <summary>Which are shown first; a file of another name comes after them.</summary>
    static readonly string[] Order =
    [
        "chat", "code-completion", "long-chat", "agentic-coding", "reasoning", "rag", "arena", "multimodal",
        "summarisation", "translation", "classification", "extraction", "embedding",
    ];

    const string Changes =
        "envelope=flat|office|global, arrivals=own|poisson|lgcp, sigma=0..3, tau=SECONDS, tenants=1..10000 "
        + "or batch=0..1, the share of requests that are batch work";

    static readonly Lazy<IReadOnlyList<WorkloadFamily>> LoadedFamilies = new(LoadAll);

    readonly double[] _envelope;
    readonly Lazy<double> _meanPromptTokens;

    public WorkloadFamily(FamilySpec spec)
    {
        Spec = spec;
        _envelope = Envelopes.Of(spec);
        Levels = [.. (spec.Levels ?? []).Select(l => l.Level)];
        _meanPromptTokens = new Lazy<double>(MeanPrompt);
    }

    public static IReadOnlyList<WorkloadFamily> BuiltIn => LoadedFamilies.Value;

    public FamilySpec Spec { get; }

    public override string Name => Spec.Name;

    public override string Source => $"{Spec.Source}, {Spec.AsOf}";

    public override double RequestsPerSecond => Spec.RequestsPerSecond;

    public override double MeanPromptTokens => _meanPromptTokens.Value;

    public override double MeanOutputTokens => Spec.Output?.Mean ?? 0;

    public override bool HasImages => Spec is { ImageTokens: not null, ImagePixelsPerToken: not null };

    public override double CorrelationS => Spec.Arrivals.Sigma > 0 ? Spec.Arrivals.TauS : 0;

    public override bool ClosedLoop => Spec.Session is not null;

    public override IReadOnlyList<LevelPromise> Levels { get; }

    public override IReadOnlyList<double> WeeklyEnvelope => _envelope;

    public override IArrivalSource Open(
        double requestsPerSecond, long requests, ulong seed, ArrivalProcess process = ArrivalProcess.Own,
        int? openSessions = null)
    {
        var turns = Spec.Session?.Turns.Mean ?? 1;
        var bursts = process is ArrivalProcess.Own or ArrivalProcess.Representative or ArrivalProcess.Week;
        var hours = process == ArrivalProcess.Week ? _envelope : [1.0];
        var spanS = process == ArrivalProcess.Representative ? requests / requestsPerSecond : 0;
        var clock = process == ArrivalProcess.AtOnce
            ? null
            : new LgcpClock(
                requestsPerSecond / turns, bursts ? Spec.Arrivals.Sigma
                    : 0, Spec.Arrivals.TauS, Spec.Tenants, hours,
                seed, spanS);
        return Spec.Session is null
            ? new FamilyArrivals(Spec, clock, requestsPerSecond / Spec.RequestsPerSecond, requests, seed)
            : new SessionArrivals(Spec, clock, requests, seed, openSessions);
    }

    /// <summary>
    /// The built-in family of this name, with changes after a colon:
    /// <c>chat:envelope=office,tenants=4</c>, <c>rag:arrivals=lgcp,sigma=0.4,tau=60</c>.
    /// </summary>
    public static WorkloadFamily Find(string text, Setting setting = Setting.Workload)
    {
        var colon = text.IndexOf(':');
        var name = colon < 0 ? text : text[..colon];
        foreach (var family in BuiltIn)
        {
            if (string.Equals(family.Name, name, StringComparison.OrdinalIgnoreCase))
                return colon < 0 ? family : Changed(family.Spec, text[(colon + 1)..], text, setting);
        }
        throw Names.Unknown(Setting.Workload, name, BuiltIn, f => f.Name, "workloads");
    }

    /// <summary>
    /// From the tables; of sessions, whose contexts grow and are compacted, from a long draw.
    /// </summary>
    double MeanPrompt()
    {
        if (Spec.Session is null)
            return Spec.Input.Mean + (Spec.ImageCount?.Mean ?? 0) * (Spec.ImageTokens?.Mean ?? 0);
        const int Calls = 20_000;
        var sessions = Open(Spec.RequestsPerSecond, Calls, seed: 1);
        double sum = 0;
        for (var i = 0; i < Calls && sessions.TryPeek(out _); i++)
        {
            sessions.Take(out var call);
            sum += call.PromptTokens;
            sessions.Finished(call.Session, call.AtNs);
        }
        return sum / Calls;
    }

    static WorkloadFamily Changed(FamilySpec spec, string changes, string text, Setting setting)
    {
        var bursts = false;
        foreach (var change in changes.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = change.IndexOf('=');
            var value = equals < 0 ? "" : change[(equals + 1)..];
            bursts |= value == "lgcp";
            spec = (equals < 0 ? change : change[..equals]) switch
            {
                "envelope" when Envelopes.IsKnown(value) => spec with { Envelope = value, Hourly = null },
                "arrivals" when value == "poisson" => spec with { Arrivals = new ArrivalSpec(0, 1) },
                "arrivals" when value is "own" or "lgcp" => spec,
                "sigma" when Number(value) is > 0 and <= 3 and var sigma =>
                    spec with { Arrivals = spec.Arrivals with { Sigma = sigma } },
                "tau" when Number(value) is >= 0.01 and <= 1e6 and var tauS =>
                    spec with { Arrivals = spec.Arrivals with { TauS = tauS } },
                "tenants" when Number(value) is >= 1 and <= 10_000 and var tenants
                && tenants == Math.Floor(tenants) =>
                    spec with { Tenants = (int)tenants },
                "batch" when Number(value) is >= 0 and <= 1 and var batch => spec with
                {
                    Levels = [new LevelShare("interactive", 1 - batch), new LevelShare("batch", batch)],
                },
                _ => throw new BadInputException($"{setting} {text}", $"\"{change}\"", Changes),
            };
        }
        if (bursts && spec.Arrivals.Sigma == 0)
        {
            throw new BadInputException(
                $"{setting} {text}", $"no bursts were fitted to {spec.Name}",
                "sigma=0..3 and tau=SECONDS too");
        }
        return new WorkloadFamily(spec with { Name = text });
    }

    static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    static List<WorkloadFamily> LoadAll()
    {
        const string Folder = "data/workloads/";
        var families = new List<WorkloadFamily>();
        foreach (var resource in typeof(WorkloadFamily).Assembly.GetManifestResourceNames())
        {
            if (!resource.StartsWith(Folder, StringComparison.Ordinal))
                continue;
            using var stream = typeof(WorkloadFamily).Assembly.GetManifestResourceStream(resource)!;
            families.Add(new WorkloadFamily(FamilySpec.Read(stream, resource)));
        }
        families.Sort((a, b) => (Place(a), a.Name).CompareTo((Place(b), b.Name)));
        return families;

        static int Place(WorkloadFamily family) =>
            Array.IndexOf(Order, family.Name) is >= 0 and var place ? place : Order.Length;
    }
}
