using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Costing;
using Plimsoll.Planning.Compare;
using Plimsoll.Planning.Plans;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Levers;

/// <summary>Costs of one fleet and of its variants, every one simulated once.</summary>
sealed class LeverTrials(ComparedSide side, long requests, ulong seed, Action<double>? progress)
{
    /// <summary>Runs of a usual book, for its progress.</summary>
    const double Usual = 50;

    readonly ConcurrentDictionary<ComparedSide, ComparedCost?> _known = new();
    int _runs;

    public ComparedSide Base => side;

    /// <summary>What a variant costs; null where it does not fit or keeps no promise.</summary>
    public ComparedCost? Of(ComparedSide variant) => _known.GetOrAdd(variant, v =>
    {
        progress?.Invoke(Math.Min(0.99, ++_runs / Usual));
        try
        {
            return ComparedCost.Of(v, requests, seed);
        }
        catch (BadInputException)
        {
            return null;
        }
        catch (AggregateException several) when (
            several.Flatten().InnerExceptions.All(e => e is BadInputException))
        {
            return null;
        }
    });

    public static bool SharesPrefixes(ComparedSide side) =>
        side.Workload.Open(1, 1, 1).PrefixBlockTokens > 0;

    public double? Usd(ComparedSide variant) => (double?)Of(variant)?.Usd.Usd;

    /// <summary>What a change of the fleet changes of the bill, draw by draw.</summary>
    public LeverRow Row(string name, string change, ComparedSide variant, string? breakEven = null)
    {
        var own = Of(side)!;
        if (Of(variant) is not { } other)
            return new LeverRow(name, $"{change}: does not fit, or keeps no promise", null, null, null, null);
        var usd = (other.Usd - own.Usd).Usd;
        var (low, high) = Ends(usd, own.Draws.Zip(other.Draws, (a, b) =>
            double.IsInfinity(a) && double.IsInfinity(b) ? 0 : b - a));
        return new LeverRow(name, change, usd, low, high, breakEven);
    }

    /// <summary>A lever whose saving is a share of the bill, in every draw alike.</summary>
    public LeverRow Share(string name, string change, double share, string? breakEven)
    {
        var own = Of(side)!;
        var usd = PicoDollars.FromUsd((double)own.Usd.Usd * share).Usd;
        var (low, high) = Ends(usd, own.Draws.Select(bill => bill * share));
        return new LeverRow(name, change, usd, low, high, breakEven);
    }

    static (decimal? Low, decimal? High) Ends(decimal usd, IEnumerable<double> draws)
    {
        var (low, high) = DrawQuantiles.Of((double)usd, draws);
        return (double.IsFinite(low) ? PicoDollars.FromUsd(low).Usd : null,
            double.IsFinite(high) ? PicoDollars.FromUsd(high).Usd : null);
    }
}
