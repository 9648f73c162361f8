using System;
using Plimsoll.Core.Draws;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Validation.Analytic;

/// <summary>How many steps a request occupies its place; draws from the stream it is given.</summary>
delegate int ServiceSteps(ref RandomStream random);

/// <summary>Poisson arrivals of one-token prompts whose answers are as long as their service.</summary>
sealed class QueueArrivals(double meanGapNs, ServiceSteps steps, ulong seed) : IArrivalSource
{
    RandomStream _gaps = new(seed, purpose: 31);
    RandomStream _lengths = new(seed, purpose: 32);
    double _atNs;
    bool _drawn;

    public int PrefixBlockTokens => 0;

    public bool TryPeek(out long atNs)
    {
        if (!_drawn)
            _atNs += meanGapNs * _gaps.NextExponential();
        _drawn = true;
        atNs = (long)_atNs;
        return true;
    }

    public void Take(out Arrival arrival)
    {
        TryPeek(out var atNs);
        _drawn = false;
        arrival =
            new Arrival { AtNs = atNs, PromptTokens = 1, OutputTokens = steps(ref _lengths), Session = -1 };
    }

    public void Finished(int session, long nowNs)
    {
    }

    /// <summary>Geometric of this mean, at least 1: exponential as the mean grows.</summary>
    public static ServiceSteps Geometric(double mean)
    {
        var logStay = Math.Log(1 - 1 / mean);
        return (ref RandomStream random) => 1 + (int)(Math.Log(1 - random.NextDouble()) / logStay);
    }

    /// <summary><paramref name="least"/> steps, or <paramref name="most"/> with a probability.</summary>
    public static ServiceSteps TwoPoint(int least, int most, double probabilityOfMost) =>
        (ref RandomStream random) => random.NextDouble() < probabilityOfMost ? most : least;

    public static ServiceSteps Constant(int steps) => (ref RandomStream _) => steps;
}
