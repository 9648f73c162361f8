using System.Collections.Generic;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Results;

/// <summary>What one level of a run saw.</summary>
public sealed record LevelReport
{
    public required string Name { get; init; }

    public required IReadOnlyList<LimitReport> Promise { get; init; }

    public required PromiseVerdict Verdict { get; init; }

    public required long Completed { get; init; }

    public required long Failed { get; init; }

    /// <summary>Answers given up when the run was stopped; they count as neither.</summary>
    public required long Cancelled { get; init; }

    /// <summary>
    /// Share of the requests that kept every limit, failed ones counted as broken; null without limits.
    /// </summary>
    public required double? Goodput { get; init; }

    public required long PromptTokens { get; init; }

    public required long OutputTokens { get; init; }

    /// <summary>Of the prompt tokens, as the endpoint says.</summary>
    public required long CachedTokens { get; init; }

    /// <summary>Cached share of the prompt tokens; null where the endpoint does not say for all.</summary>
    public double? CachedShare { get; init; }

    /// <summary>
    /// Share of the prompt tokens that an earlier request of the run opened with too: what a prefix cache
    /// finds at most, if nothing of the load was sent before the run. Null where it is not known.
    /// </summary>
    public double? SharedShare { get; init; }

    /// <summary>Answers whose counts cannot be, by <see cref="Wire.UsageFaults.Name"/>.</summary>
    public IReadOnlyList<FailureReport> UsageFaults { get; init; } = [];

    /// <summary>What the load asked for; the prompts may have come out otherwise.</summary>
    public required long AskedPromptTokens { get; init; }

    /// <summary>Answers that ended before the length that was asked for.</summary>
    public required long Short { get; init; }

    /// <summary>
    /// Share of the answers whose tokens the endpoint counted; the others count a chunk as a token.
    /// </summary>
    public required double CountedShare { get; init; }

    /// <summary>Pieces that the answers came in.</summary>
    public required long Chunks { get; init; }

    /// <summary>From when the request was due, except TPOT and ITL, which run between tokens.</summary>
    public required IReadOnlyDictionary<Metric, LatencyReport> Latencies { get; init; }

    /// <summary>TTFT and E2E from the send, as other clients measure them.</summary>
    public required IReadOnlyDictionary<Metric, LatencyReport> FromSend { get; init; }

    /// <summary>
    /// Latency and share of samples at or below it, for pictures; a metric without samples is missing.
    /// </summary>
    public IReadOnlyDictionary<Metric, IReadOnlyList<(double Ms, double Share)>> Spread { get; init; } =
        new Dictionary<Metric, IReadOnlyList<(double, double)>>();

    public required IReadOnlyList<FailureReport> Failures { get; init; }

    public long Requests => Completed + Failed;

    /// <summary>Whether prompt tokens are known: counted by the endpoint, or stated by the load.</summary>
    public bool KnowsPromptTokens => Completed == 0 || PromptTokens > 0;
}

/// <summary>A limit and how it fared.</summary>
/// <param name="Limit">What was promised.</param>
/// <param name="MeasuredMs">The latency at its percentile; null without enough samples.</param>
/// <param name="Broken">Requests that broke it; null for ITL, whose gaps belong to no single request.</param>
/// <param name="Verdict">What is known of it.</param>
/// <param name="Samples">Requests, or gaps, that it was judged by.</param>
public sealed record LimitReport(Limit Limit, double? MeasuredMs, long? Broken, PromiseVerdict Verdict,
    long Samples)
{
    /// <summary>Samples with which its percentile is known.</summary>
    public int Needed => PercentileSamples.Needed(Limit.Percentile);
}

/// <summary>Failures of one kind.</summary>
/// <param name="Kind">As results name it.</param>
/// <param name="Count">Requests.</param>
/// <param name="Example">What the first of them said.</param>
public sealed record FailureReport(string Kind, long Count, string Example);
