using System;
using System.Collections.Generic;
using System.Linq;
using MathNet.Numerics.Distributions;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Search;

namespace Plimsoll.Bench.Money;

/// <summary>
/// Turns a run into money: the accelerators' dollars over the run, divided by what came of it.
/// </summary>
public static class Bill
{
    /// <summary>Parts that a run is cut into for an interval.</summary>
    const int Batches = 10;

    public static MoneyReport Of(BenchResult result, MoneyOptions options)
    {
        var dollars = options.UsdPerHour * result.DurationS / 3600;
        var known = result.Levels.All(level => level.KnowsPromptTokens);
        var tokens = known ? (double)(result.PromptTokens + result.OutputTokens) : 0;
        var good = known ? (double)result.Slices.Sum(slice => slice.GoodTokens) : 0;
        var promised = result.Levels.Any(level => level.Promise.Count > 0);
        var (gap, tier) = options.Deployment is { } deployment && tokens > 0 && result.DurationS > 0
            ? GapSplit.Of(result, options, deployment)
            : ([], null);
        return new MoneyReport
        {
            Gpu = options.Accelerator.Name,
            Count = options.Count,
            Price = options.Price,
            UsdPerHour = options.UsdPerHour,
            UsdPerMillionTokens = PerMillion(dollars, tokens, result, slice =>
                slice.PromptTokens + slice.OutputTokens),
            UsdPerMillionGoodTokens = promised
                ? PerMillion(dollars, good, result, slice => slice.GoodTokens) : null,
            UsdPerMillionTokensAtLine =
                AtLine(options.UsdPerHour, tokens / result.Completed, result.LoadLine),
            UsdPerRequest = result.Completed > 0 ? dollars / result.Completed : null,
            Replicas = options.Replicas,
            BusyShare = result.DurationS > 0 ? Math.Min(1, result.BusyS / result.DurationS) : 0,
            Gap = gap,
            Tier = tier,
            Deployment = tier is null ? null : options.Deployment,
        };
    }

    /// <summary>What the search itself cost is of all the rates that it tried.</summary>
    static Estimate? AtLine(double usdPerHour, double tokens, LoadLineEstimate? line)
    {
        if (line is not { Outcome: LineOutcome.Found, Rate: { } rate } || !(tokens > 0))
            return null;
        return new Estimate(At(rate), line.High is { } high ? At(high) : null,
            line is { High: not null, Low: > 0 and var low } ? At(low) : null);

        double At(double perSecond) => 1e6 * usdPerHour / 3600 / (perSecond * tokens);
    }

    static Estimate? PerMillion(double dollars, double tokens, BenchResult result, Func<SliceReport, long> of)
    {
        if (tokens <= 0)
            return null;
        var value = 1e6 * dollars / tokens;
        var spread = RelativeError([.. result.Slices.Select(slice => (double)of(slice))]);
        return spread is { } error
            ? new Estimate(value, value / (1 + error), error < 1 ? value / (1 - error) : null)
            : new Estimate(value, null, null);
    }

    /// <summary>
    /// Half the 90 % interval of the mean rate over the mean, from batch means: tenths of a run depend on
    /// each other far less than requests do. Null for a run too short to be cut up.
    /// </summary>
    static double? RelativeError(double[] slices)
    {
        if (slices.Length < 2 * Batches)
            return null;
        var length = slices.Length / Batches;
        var means = new List<double>();
        for (var batch = 0; batch < Batches; batch++)
            means.Add(slices.AsSpan(batch * length, length).ToArray().Average());
        var mean = means.Average();
        if (mean <= 0)
            return null;
        var variance = means.Sum(m => (m - mean) * (m - mean)) / (Batches - 1);
        return StudentT.InvCDF(0, 1, Batches - 1, 0.95) * Math.Sqrt(variance / Batches) / mean;
    }
}
