using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>How well a fitted family tells what the trace told.</summary>
public sealed record FitReport
{
    /// <summary>Kolmogorov–Smirnov distance between the trace's lengths and the family's.</summary>
    public required double InputKs { get; init; }

    public required double OutputKs { get; init; }

    /// <summary>Root mean square of the logarithm of fitted over measured index of dispersion.</summary>
    public required double IdcRmsLogError { get; init; }

    /// <summary>Windows of the comparison, seconds, with measured and fitted index of dispersion.</summary>
    public required IReadOnlyList<IdcPoint> Idc { get; init; }

    /// <summary>Distance between the lengths of the first half and of the second.</summary>
    public required double InputDriftKs { get; init; }

    public required double OutputDriftKs { get; init; }

    /// <summary>Rate of the second half over the first.</summary>
    public required double RateDrift { get; init; }

    /// <summary>Share of prompt tokens that an endless cache would have had.</summary>
    public required double PrefixHitShare { get; init; }
}

/// <summary>Index of dispersion at one window.</summary>
public sealed record IdcPoint(double WindowS, double Measured, double Fitted);

/// <summary>A trace in, a family out.</summary>
public static class FamilyFit
{
    /// <summary>Fewest requests that a family can be fitted to.</summary>
    const int FewestRequests = 200;

    /// <param name="name">Name of the family.</param>
    /// <param name="source">Where the trace comes from.</param>
    /// <param name="arrivals">The trace, in order of time.</param>
    /// <param name="prefixBlockTokens">Tokens per prefix key; 0 without keys.</param>
    public static (FamilySpec Family, FitReport Report) Of(
        string name, string source, IReadOnlyList<Arrival> arrivals, int prefixBlockTokens)
    {
        if (arrivals.Count < FewestRequests)
        {
            throw new BadInputException(
                $"{source}: {arrivals.Count} requests; expected at least {FewestRequests} to fit");
        }

        var spanS = (arrivals[^1].AtNs - arrivals[0].AtNs) / 1e9;
        if (!(spanS > 0))
        {
            throw new BadInputException(
                $"{source}: all requests arrive at once; expected timestamps to fit arrivals");
        }

        var input = new int[arrivals.Count];
        var output = new int[arrivals.Count];
        for (var i = 0; i < input.Length; i++)
            (input[i], output[i]) = (arrivals[i].PromptTokens, arrivals[i].OutputTokens);
        var inputFit = LengthFit.Of(input);
        var outputFit = LengthFit.Of(output);
        var rate = (arrivals.Count - 1) / spanS;
        var (arrival, idc, error) = DispersionFit.Of(arrivals, rate);
        var correlations = new RankCorrelation();
        for (var i = 0; i < input.Length; i++)
            correlations.Add(input[i], output[i]);
        var correlation = correlations.Value() ?? 0;
        var (prefix, hits) = PrefixFit.Of(arrivals, prefixBlockTokens);
        var half = arrivals.Count / 2;
        var family = new FamilySpec
        {
            Name = name,
            Description = $"Fitted to {arrivals.Count} requests",
            Source = source,
            AsOf = "given",
            Class = "interactive",
            RequestsPerSecond = rate,
            Input = inputFit.Spec,
            Output = outputFit.Spec,
            // Below this the correlation is within its own noise, and independence is the simpler truth.
            RankCorrelation = Math.Abs(correlation) < 0.1 ? 0 : Math.Round(correlation, 3),
            Arrivals = arrival,
            Hourly = Hourly(arrivals, spanS),
            Prefix = prefix,
        };
        return (family, new FitReport
        {
            InputKs = inputFit.Ks,
            OutputKs = outputFit.Ks,
            IdcRmsLogError = error,
            Idc = idc,
            InputDriftKs = LengthFit.Distance(input.AsSpan(0, half), input.AsSpan(half)),
            OutputDriftKs = LengthFit.Distance(output.AsSpan(0, half), output.AsSpan(half)),
            RateDrift = (arrivals.Count - half) / (double)half
                * (arrivals[half].AtNs - arrivals[0].AtNs)
                / Math.Max(1, arrivals[^1].AtNs - arrivals[half].AtNs),
            PrefixHitShare = hits,
        });
    }

    /// <summary>Demand by hour of the week, when the trace spans one; null otherwise.</summary>
    static double[]? Hourly(IReadOnlyList<Arrival> arrivals, double spanS)
    {
        const int Hours = 168;
        if (spanS < Hours * 3600)
            return null;
        var counts = new double[Hours];
        var weeks = Math.Floor(spanS / (Hours * 3600));
        foreach (var arrival in arrivals)
        {
            var hour = (arrival.AtNs - arrivals[0].AtNs) / 3_600_000_000_000;
            if (hour < weeks * Hours)
                counts[hour % Hours]++;
        }
        double sum = 0;
        foreach (var count in counts)
            sum += count;
        for (var hour = 0; hour < Hours; hour++)
            counts[hour] = Math.Round(counts[hour] * Hours / sum, 4);
        return counts;
    }
}
