using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>What one level, or batch work, costs of a fleet.</summary>
/// <param name="Name">The level; <c>batch</c> for batch work beside them.</param>
/// <param name="TokensPerSecond">Input and output in the time that is shared, what was computed twice not
/// counted.</param>
/// <param name="Share">Of the fleet's time, 0 to 1.</param>
/// <param name="UsdPerHour">That share of the bill.</param>
/// <param name="UsdPerMillionTokens">By the time it used; null without tokens.</param>
/// <param name="WithIdleUsdPerMillionTokens">With its part of the idle time: that is paid by whose promise
/// keeps it idle, so batch work pays for none.</param>
public sealed record LevelCost(
    string Name, double TokensPerSecond, double Share, decimal UsdPerHour, decimal? UsdPerMillionTokens,
    decimal? WithIdleUsdPerMillionTokens);

/// <summary>The bill of a simulated fleet, level by level; with <see cref="IdleUsdPerHour"/> the levels sum
/// to it, to the pico-dollar.</summary>
/// <param name="UsdPerHour">The bill.</param>
/// <param name="IdleUsdPerHour">Of it for time that nobody used.</param>
/// <param name="Levels">The levels in order, and batch work last where there is some.</param>
public sealed record LevelCosts(decimal UsdPerHour, decimal IdleUsdPerHour, IReadOnlyList<LevelCost> Levels)
{
    /// <summary>Null where the run had no time that could be shared.</summary>
    public static LevelCosts? Of(
        SimulationResult run, IReadOnlyList<LevelPromise> levels, decimal usdPerHour)
    {
        if (Shares(run, levels.Count) is not { } shares)
            return null;
        var parts = new long[shares.Count + 1];
        long left = Whole, payers = 0;
        // The step that the first and the last moment fall into is counted where it ends.
        var whole = Math.Max(1, shares.Sum());
        for (var i = 0; i < shares.Count; i++)
        {
            parts[i] = Math.Min(left, (long)(shares[i] / whole * Whole));
            left -= parts[i];
            payers += PaysIdle(levels, i) ? parts[i] : 0;
        }
        parts[^1] = left;
        var dollars = new PicoDollars[parts.Length];
        PicoDollars.FromUsd(usdPerHour).SplitInto(parts, dollars);
        var costs = new LevelCost[shares.Count];
        for (var i = 0; i < costs.Length; i++)
        {
            var tokens = run.Shares is { } counted ? counted.TokensPerSecond[i]
                : run.PromptTokensPerSecond + run.OutputTokensPerSecond;
            var idle = PaysIdle(levels, i) && payers > 0
                ? (double)dollars[^1].Usd * parts[i] / payers : 0;
            costs[i] = new LevelCost(
                i < levels.Count ? levels[i].Spec.Name : ServiceLevelSpec.Batch.Name, tokens,
                (double)parts[i] / Whole, dollars[i].Usd, PerMillion((double)dollars[i].Usd, tokens),
                PerMillion((double)dollars[i].Usd + idle, tokens));
        }
        return new LevelCosts(usdPerHour, dollars[^1].Usd, costs);
    }

    const long Whole = 1_000_000_000_000;

    /// <summary>One level alone has all the time that was busy.</summary>
    static IReadOnlyList<double>? Shares(SimulationResult run, int levels)
    {
        if (levels == 1 && run.Batch is null)
            return [Math.Min(1, run.BusyShare)];
        // Requests that were taken in as batch work are some, too.
        return run.Shares?.Accounts is not { } accounts ? null
            : run.Batch is not null || accounts[^1] > 0 ? accounts : [.. accounts.Take(levels)];
    }

    /// <summary>Whether an account's promise keeps capacity idle.</summary>
    internal static bool PaysIdle(IReadOnlyList<LevelPromise> levels, int account) =>
        account < levels.Count && levels[account].Spec.Class == ServiceClass.Interactive;

    static decimal? PerMillion(double usdPerHour, double tokensPerSecond) => tokensPerSecond <= 0 ? null
        : PicoDollars.FromUsd(usdPerHour * 1e6 / (3600 * tokensPerSecond)).Usd;
}
