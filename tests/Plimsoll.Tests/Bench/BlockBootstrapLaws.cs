using System;
using System.Linq;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Core.Draws;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class BlockBootstrapLaws
{
    const int Runs = 200;

    /// <summary>
    /// Of 200 exponential samples of 400 each; a sound interval misses about one truth in twenty.
    /// </summary>
    [Fact]
    public void Intervals_cover_the_truth_about_as_often_as_they_say()
    {
        var (means, medians, p95s) = (0, 0, 0);
        foreach (var run in Enumerable.Range(1, Runs))
        {
            var random = new RandomStream((ulong)run);
            var samples = Enumerable.Range(0, 400).Select(_ => random.NextExponential()).ToList();
            var draws = BlockBootstrap.Of(samples, [50, 95], seed: (ulong)run)!;
            means += BlockBootstrap.Middle(draws.Means).Holds(1) ? 1 : 0;
            medians += BlockBootstrap.Middle(draws.At(50)!).Holds(Math.Log(2)) ? 1 : 0;
            p95s += BlockBootstrap.Middle(draws.At(95)!).Holds(Math.Log(20)) ? 1 : 0;
        }
        means.ShouldBeGreaterThan((int)(0.88 * Runs));
        medians.ShouldBeGreaterThan((int)(0.88 * Runs));
        p95s.ShouldBeGreaterThan((int)(0.88 * Runs));
    }

    /// <summary>
    /// Requests behind one queue are late together; single draws would call 2 in 3 runs different.
    /// </summary>
    [Fact]
    public void Samples_that_depend_on_their_neighbours_have_wider_intervals()
    {
        var covered = 0;
        foreach (var run in Enumerable.Range(1, Runs))
        {
            var random = new RandomStream((ulong)run, purpose: 3);
            var (samples, state) = (new double[2000], 0.0);
            for (var i = 0; i < samples.Length; i++)
                samples[i] = state = 0.9 * state + random.NextNormal();
            covered += BlockBootstrap.Middle(BlockBootstrap.Of(samples, [], 1)!.Means).Holds(0) ? 1 : 0;
        }
        covered.ShouldBeGreaterThan((int)(0.85 * Runs));
    }

    [Fact]
    public void Too_few_samples_have_no_interval_and_no_percentile_beyond_them()
    {
        BlockBootstrap.Of([1, 2, 3], [50], 1).ShouldBeNull();
        var draws = BlockBootstrap.Of([.. Enumerable.Range(0, 100).Select(i => (double)i)], [50, 95], 1)!;
        draws.At(95).ShouldBeNull();
        BlockBootstrap.Middle(draws.At(50)!).Holds(50).ShouldBeTrue();
    }

    [Fact]
    public void The_same_samples_have_the_same_interval()
    {
        var samples = Enumerable.Range(0, 300).Select(i => Math.Sin(i)).ToList();
        BlockBootstrap.Middle(BlockBootstrap.Of(samples, [], 4)!.Means)
            .ShouldBe(BlockBootstrap.Middle(BlockBootstrap.Of(samples, [], 4)!.Means));
    }
}
