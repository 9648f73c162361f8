using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Verdicts;

/// <summary>
/// Intervals of a run's figures by resampling. Requests that follow each other share a queue and are no
/// independent draws, so stretches of consecutive ones are drawn, not single ones (Künsch, Annals of
/// Statistics 1989). The same samples give the same interval.
/// </summary>
public static class BlockBootstrap
{
    public const int Draws = 500;
    const int MostBlocks = 50;
    const int FewestSamples = 20;

    /// <summary>Beyond, every second, third … sample stands for its neighbours.</summary>
    const int MostSamples = 100_000;

    /// <summary>Draws of the mean and of percentiles; null for too few samples.</summary>
    /// <param name="samples">In order of time.</param>
    /// <param name="percentiles">Each above 0 and below 100.</param>
    /// <param name="seed">Runs that are compared have seeds of their own.</param>
    public static BootstrapDraws? Of(
        IReadOnlyList<double> samples, IReadOnlyList<double> percentiles, ulong seed)
    {
        if (samples.Count < FewestSamples)
            return null;
        var step = 1 + (samples.Count - 1) / MostSamples;
        var count = (samples.Count + step - 1) / step;
        var blocks = Math.Min(MostBlocks, count);
        var sorted = Enumerable.Range(0, count)
            .Select(i => (Value: samples[i * step], Block: (int)((long)i * blocks / count)))
            .OrderBy(sample => sample.Value).ToArray();
        var draws = new BootstrapDraws(percentiles.Where(p =>
            samples.Count >= PercentileSamples.Needed(p)).ToList());
        var weights = new int[blocks];
        var random = new RandomStream(seed, purpose: 35);
        for (var draw = 0; draw < Draws; draw++)
        {
            Array.Clear(weights);
            for (var block = 0; block < blocks; block++)
                weights[random.NextBelow(blocks)]++;
            draws.Add(sorted, weights);
        }
        return draws;
    }

    /// <summary>The middle 95 % of draws.</summary>
    public static Interval Middle(IEnumerable<double> draws)
    {
        var sorted = draws.Order().ToArray();
        var beyond = (int)(0.025 * sorted.Length);
        return new Interval(sorted[beyond], sorted[^(1 + beyond)]);
    }
}

/// <summary>A mean and percentiles, drawn again and again.</summary>
public sealed class BootstrapDraws(IReadOnlyList<double> percentiles)
{
    readonly double[][] _drawn = [.. percentiles.Select(_ => new double[BlockBootstrap.Draws])];
    readonly double[] _means = new double[BlockBootstrap.Draws];
    int _next;

    public IReadOnlyList<double> Means => _means;

    /// <summary>Null for a percentile that the samples do not bear.</summary>
    public IReadOnlyList<double>? At(double percentile)
    {
        for (var i = 0; i < percentiles.Count; i++)
        {
            if (percentiles[i] == percentile)
                return _drawn[i];
        }
        return null;
    }

    /// <summary>One more draw: each sample counts as often as its block was drawn.</summary>
    internal void Add((double Value, int Block)[] sorted, int[] weights)
    {
        long all = 0;
        var sum = 0.0;
        foreach (var (value, block) in sorted)
            (all, sum) = (all + weights[block], sum + weights[block] * value);
        _means[_next] = sum / Math.Max(1, all);
        for (var i = 0; i < percentiles.Count; i++)
        {
            var rank = Math.Max(1, (long)Math.Ceiling(percentiles[i] / 100 * all));
            var at = 0;
            for (long seen = weights[sorted[0].Block]; seen < rank && at + 1 < sorted.Length;)
                seen += weights[sorted[++at].Block];
            _drawn[i][_next] = sorted[at].Value;
        }
        _next++;
    }
}
