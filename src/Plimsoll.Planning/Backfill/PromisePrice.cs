using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// What a promise on gaps costs in batch tokens: one rank at the week's mean rate under tighter and looser
/// limits. Streams have the same arrivals under every limit, so that differences are taken stream by stream.
/// </summary>
sealed class PromisePrice
{
    /// <summary>Limits on gaps, as multiples of what is promised.</summary>
    static readonly double[] Tightness = [0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 4];

    static readonly int Promised = Array.IndexOf(Tightness, 1.0);

    readonly IReadOnlyList<LevelPromise> _levels;
    readonly double? _promisedMs;
    readonly double _tokensPerLine;

    /// <summary>Lines per second of a rank, stream by stream; null where the limit is not kept.</summary>
    readonly IReadOnlyList<IReadOnlyList<double>?> _lines = [];

    /// <param name="request">The fleet.</param>
    /// <param name="runs">Its simulations.</param>
    /// <param name="rate">Requests per second of a rank, the week's mean.</param>
    /// <param name="comes">Lines per second that come to a rank; null for a backlog.</param>
    /// <param name="tokensPerLine">Prompt and answer.</param>
    public PromisePrice(
        BackfillRequest request, BackfillRuns runs, double rate, double? comes, double tokensPerLine)
    {
        _levels = request.Serving.Levels;
        _promisedMs = LimitMs(_levels);
        _tokensPerLine = tokensPerLine * request.Ranks;
        if (_promisedMs is null)
            return;
        var most = comes ?? double.PositiveInfinity;
        _lines =
        [
            .. runs.Under(rate, [.. Tightness.Select(t => Tightened(_levels, t))])
                .Select(streams => streams?.Select(lines => Math.Min(lines, most)).ToList()),
        ];
    }

    public IReadOnlyList<PromisePricePoint> Points => [.. _lines.Zip(Tightness, Point)];

    PromisePricePoint Point(IReadOnlyList<double>? lines, double tightness)
    {
        var limitMs = tightness * _promisedMs!.Value;
        if (lines is null)
            return new PromisePricePoint(limitMs, 0, 0, 0, IsKept: false);
        var mean = StreamMean.Of(lines);
        return new PromisePricePoint(
            limitMs, mean.Mean * _tokensPerLine, Math.Max(0, mean.Low) * _tokensPerLine,
            mean.High * _tokensPerLine, IsKept: true);
    }

    /// <summary>
    /// Tokens of the fleet that an hour forgoes for a millisecond, across the neighbours of the promised gap;
    /// null where one of them is not kept.
    /// </summary>
    public StreamMean? TokensPerHourAndMs => Forgone(
        Promised - 1, Promised + 1,
        3600 * _tokensPerLine / ((Tightness[Promised + 1] - Tightness[Promised - 1]) * (_promisedMs ?? 1)));

    /// <summary>
    /// Lines per second of a rank that the promised gap forgoes beside the loosest; null where either is not
    /// kept.
    /// </summary>
    public StreamMean? LinesForgone => Forgone(Promised, Tightness.Length - 1, 1);

    StreamMean? Forgone(int tight, int loose, double scale) =>
        _lines.Count > 0 && _lines[tight] is { } tighter && _lines[loose] is { } looser
            ? StreamMean.Of([.. looser.Zip(tighter, (more, less) => scale * (more - less))])
            : null;

    /// <summary>What is varied, and at what rate.</summary>
    public string? Note => _promisedMs is null ? null
        : "The row is at the week's mean rate, where the table of policies is the mean over its hours"
            + (_levels.Count(IsPromised) > 1
                ? $"; the gaps of all levels are scaled together, it names the tightest: {Gaps()}." : ".");

    string Gaps() => string.Join(", ", _levels.Where(IsPromised).Select(level =>
        FormattableString.Invariant($"{level.Spec.Name} {level.Spec.ItlNs / 1e6:0.#} ms")));

    static bool IsPromised(LevelPromise level) =>
        level.Spec is { Class: ServiceClass.Interactive, ItlNs: not null };

    static double? LimitMs(IReadOnlyList<LevelPromise> levels) =>
        levels.Where(IsPromised).Min(level => level.Spec.ItlNs / 1e6);

    static IReadOnlyList<LevelPromise> Tightened(IReadOnlyList<LevelPromise> levels, double factor) =>
    [
        .. levels.Select(level => LevelPromise.Of(level.Spec, [.. level.Limits.Select(limit =>
            limit.Metric is Metric.Itl or Metric.Tpot
                ? limit with { LimitNs = (long)(factor * limit.LimitNs) }
                : limit)])),
    ];
}
