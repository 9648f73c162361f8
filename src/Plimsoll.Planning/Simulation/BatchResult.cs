using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Measures;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// What batch work got beside the interactive requests, over the time they were measured in.
/// </summary>
public sealed record BatchResult
{
    /// <summary>That time, seconds.</summary>
    public required double SpanS { get; init; }

    /// <summary>Batch prompt tokens computed, recomputed ones included.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Those of them that were computed before and lost to somebody else.</summary>
    public required long RecomputedTokens { get; init; }

    /// <summary>
    /// How often KV went to host memory because moving it was to cost less, interactive work's too.
    /// </summary>
    public required long MovedOut { get; init; }

    /// <summary>Batch tokens given.</summary>
    public required long OutputTokens { get; init; }

    /// <summary>Lines answered.</summary>
    public required long Lines { get; init; }

    /// <summary>Lines answered within the window.</summary>
    public required long LinesInTime { get; init; }

    /// <summary>Lines left out, because their prompts are longer than an engine can hold.</summary>
    public required long LinesTooLong { get; init; }

    /// <summary>Lines that had come and were not answered when the last request came.</summary>
    public required long LinesLeft { get; init; }

    /// <summary>
    /// Whether lines come faster than they are done, so that ever more wait; null of a backlog, and where the
    /// run is too short to tell.
    /// </summary>
    public bool? IsOverloaded { get; init; }

    /// <summary>
    /// Prompt and answer tokens of the lines answered, by tenant as the workload numbers them, nobody's
    /// first.
    /// </summary>
    public required IReadOnlyList<long> TenantTokens { get; init; }

    /// <summary>
    /// Computing time of all replicas that batch work caused, nanoseconds: its share of every step it was in;
    /// 0 unless time is attributed.
    /// </summary>
    public required long ComputingNs { get; init; }

    /// <summary>
    /// Of the lines answered, from when they came; from when they were let through, where the backlog has no
    /// end. Null before the first.
    /// </summary>
    public LatencyRecorders? Latencies { get; init; }

    public double OutputTokensPerSecond => SpanS > 0 ? OutputTokens / SpanS : 0;

    public double PromptTokensPerSecond => SpanS > 0 ? PromptTokens / SpanS : 0;

    public double LinesPerSecond => SpanS > 0 ? Lines / SpanS : 0;

    /// <summary>Share of the answered lines that kept the window; null without any.</summary>
    public double? Goodput => Lines > 0 ? (double)LinesInTime / Lines : null;

    internal static BatchResult None { get; } = new()
    {
        SpanS = 0, PromptTokens = 0, RecomputedTokens = 0, OutputTokens = 0, Lines = 0, LinesInTime = 0,
        LinesTooLong = 0, LinesLeft = 0, ComputingNs = 0, MovedOut = 0, TenantTokens = [],
    };

    /// <summary>What all replicas did up to a time.</summary>
    internal static BatchResult Of(ReplicaSimulation[] replicas, long nowNs)
    {
        var result = None with { SpanS = nowNs / 1e9, Latencies = new LatencyRecorders(0) };
        foreach (var replica in replicas)
        {
            result = result with
            {
                PromptTokens = result.PromptTokens + replica.BatchPromptTokens,
                RecomputedTokens = result.RecomputedTokens + replica.BatchRecomputedTokens,
                OutputTokens = result.OutputTokens + replica.BatchOutputTokens,
                MovedOut = result.MovedOut + replica.MovedOut,
                ComputingNs = result.ComputingNs + replica.BatchComputingNs,
            };
            if (replica.Batch is not { } feed)
                continue;
            result = result with
            {
                Lines = result.Lines + feed.CompletedLines,
                LinesInTime = result.LinesInTime + feed.LinesInTime,
                LinesTooLong = result.LinesTooLong + feed.LinesTooLong,
                LinesLeft = result.LinesLeft + feed.Left(nowNs),
                TenantTokens = Sum(result.TenantTokens, feed.Tokens.ToArray()),
            };
            result.Latencies!.Add(feed.Latencies);
        }
        return result;
    }

    static long[] Sum(IReadOnlyList<long> some, IReadOnlyList<long> more) =>
        some.Count == 0 ? [.. more] : [.. some.Zip(more, (a, b) => a + b)];

    /// <summary>The difference; latencies are recorded after the warm-up only.</summary>
    internal BatchResult Since(BatchResult before) => this with
    {
        SpanS = SpanS - before.SpanS,
        PromptTokens = PromptTokens - before.PromptTokens,
        RecomputedTokens = RecomputedTokens - before.RecomputedTokens,
        MovedOut = MovedOut - before.MovedOut,
        OutputTokens = OutputTokens - before.OutputTokens,
        Lines = Lines - before.Lines,
        LinesInTime = LinesInTime - before.LinesInTime,
        LinesTooLong = LinesTooLong - before.LinesTooLong,
        ComputingNs = ComputingNs - before.ComputingNs,
        TenantTokens = before.TenantTokens.Count == 0 ? TenantTokens
            : [.. TenantTokens.Zip(before.TenantTokens, (now, then) => now - then)],
    };
}
