using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Compare;

/// <summary>
/// What changed between two costs, split over its drivers: every set of drivers is simulated, those in it as
/// on the second side, the rest as on the first. An hour's price is a driver of its own, apart from what a
/// card does in an hour, so that no card needs a price on a day when nobody sold it.
/// </summary>
public static class Comparison
{
    /// <summary>One way in which the two differ.</summary>
    sealed record Driver(
        string Name, string From, string To, Func<ComparedSide, ComparedSide, ComparedSide> Change);

    /// <param name="from">The first side.</param>
    /// <param name="to">The second.</param>
    /// <param name="requests">Of each simulated run.</param>
    /// <param name="seed">Of all draws.</param>
    /// <param name="order">Drivers by name, in the order of the reading; as they come when null.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    public static CompareOutcome Of(
        ComparedSide from, ComparedSide to, long requests, ulong seed, IReadOnlyList<string>? order = null,
        Action<double>? progress = null)
    {
        var drivers = Ordered(Drivers(from, to), order);
        if (drivers.Count > ShapleySplit.Most)
        {
            throw new Core.BadInputException(
                $"the two differ in {drivers.Count} things; expected at most {ShapleySplit.Most}");
        }
        var costs = new ComparedCost[1 << drivers.Count];
        var done = 0.0;
        // The ends first: where one of them breaks its promise, nothing is split.
        foreach (var set in Enumerable.Range(0, costs.Length).OrderBy(set =>
            set == 0 ? 0 : set == costs.Length - 1 ? 1 : set + 1))
        {
            var side = from;
            for (var i = 0; i < drivers.Count; i++)
                side = (set >> i & 1) == 1 ? drivers[i].Change(side, to) : side;
            if (ComparedCost.Of(side, requests, seed) is not { } cost)
                return new CompareOutcome(null, Broken(drivers, set, costs.Length - 1));
            costs[set] = cost;
            progress?.Invoke(++done / costs.Length);
        }
        return new CompareOutcome(Document(from, to, drivers, costs), null);
    }

    static string Broken(List<Driver> drivers, int set, int all) => set == 0
        ? "the first cannot keep its promise, so there is no cost to compare"
        : set == all ? "the second cannot keep its promise, so there is no cost to compare"
        : "with " + string.Join(" and ", drivers.Where((_, i) => (set >> i & 1) == 1)
            .Select(driver => $"{driver.Name} {driver.To}"))
            + " alone changed the promise cannot be kept, so the change cannot be split; expected a looser "
            + "promise, or fewer differences";

    static List<Driver> Drivers(ComparedSide a, ComparedSide b)
    {
        var drivers = new List<Driver>();
        Add("model", s => s.Model.Name, s => s.Model, (s, o) => s with { Model = o.Model });
        Add("format", Format, s => (s.Weights, s.Kv), (s, o) => s with { Weights = o.Weights, Kv = o.Kv });
        Add("card", s => s.Accelerator.Name, s => s.Accelerator.Key,
            (s, o) => s with { Accelerator = o.Accelerator });
        Add("price of an hour", PriceWords, s => s.Price.UsdPerHour, (s, o) => s with { Price = o.Price });
        Add("engine", s => s.Engine.Words, s => s.Engine, (s, o) => s with { Engine = o.Engine });
        Add("parallelism", s => $"{s.Parallelism}", s => s.Parallelism,
            (s, o) => s with { Parallelism = o.Parallelism });
        Add("batch limits", LimitWords, s => s.Tuning, (s, o) => s with { Tuning = o.Tuning });
        Add("workload", WorkloadWords, s => (s.Workload.Name, s.RequestsPerSecond),
            (s, o) => s with { Workload = o.Workload, RequestsPerSecond = o.RequestsPerSecond });
        Add("promise", Promise, Promise, (s, o) => s with { Levels = o.Levels });
        return drivers;

        void Add<T>(
            string name, Func<ComparedSide, string> words, Func<ComparedSide, T> what,
            Func<ComparedSide, ComparedSide, ComparedSide> change)
        {
            if (!EqualityComparer<T>.Default.Equals(what(a), what(b)))
                drivers.Add(new Driver(name, words(a), words(b), change));
        }
    }

    static List<Driver> Ordered(List<Driver> drivers, IReadOnlyList<string>? order)
    {
        if (order is null)
            return drivers;
        foreach (var name in order)
        {
            if (drivers.All(driver => driver.Name != name))
            {
                throw new Core.BadInputException(
                    $"order {name}", "the two do not differ in it",
                    drivers.Count > 0 ? string.Join(", ", drivers.Select(driver => driver.Name))
                        : "two that differ");
            }
        }
        return [.. drivers.OrderBy(driver =>
            order.Contains(driver.Name) ? order.ToList().IndexOf(driver.Name) : int.MaxValue)];
    }

    static CompareDocument Document(
        ComparedSide from, ComparedSide to, List<Driver> drivers, ComparedCost[] costs)
    {
        var shares = ShapleySplit.Of([.. costs.Select(cost => cost.Usd)]);
        var draws = Enumerable.Range(0, costs[0].Draws.Count)
            .Select(draw => ShapleySplit.Of([.. costs.Select(cost => cost.Draws[draw])])).ToList();
        var rows = new List<CompareDriver>();
        var set = 0;
        for (var i = 0; i < drivers.Count; i++)
        {
            var (low, high) = Ends((double)shares[i].Usd, draws.Select(draw => draw[i]));
            var step = costs[set | 1 << i].Usd - costs[set].Usd;
            set |= 1 << i;
            rows.Add(new CompareDriver(
                drivers[i].Name, drivers[i].From, drivers[i].To, shares[i].Usd, low, high, step.Usd));
        }
        var (first, last) = (costs[0], costs[^1]);
        var change = last.Usd - first.Usd;
        var ratios = first.Draws.Zip(last.Draws, (a, b) => double.IsInfinity(a) ? 0 : b / a);
        var (changeLow, changeHigh) = Ends(
            (double)change.Usd, first.Draws.Zip(last.Draws, (a, b) => b - a));
        var ratio = (double)(last.Usd.Usd / first.Usd.Usd);
        var (ratioLow, ratioHigh) = DrawQuantiles.Of(ratio, ratios);
        return new CompareDocument(
            CompareDocument.Name, from.IsBatch && to.IsBatch ? "batch" : "interactive",
            Side(from, first), Side(to, last),
            new CompareChange(
                change.Usd, changeLow, changeHigh, ratio, ratioLow,
                double.IsFinite(ratioHigh) ? ratioHigh : null),
            rows, costs.Length, [.. from.WorkloadNotes().Union(to.WorkloadNotes())]);
    }

    static CompareSide Side(ComparedSide side, ComparedCost cost)
    {
        var d = cost.Engine.Deployment;
        var (low, high) = Ends((double)cost.Usd.Usd, cost.Draws);
        return new CompareSide(
            side.Model.Name, side.Accelerator.Name, d.TensorParallel, d.PipelineParallel, d.ExpertParallel,
            d.DataParallel, d.Weights.Name(), d.Kv.Name(), side.Engine.Words, WorkloadWords(side),
            [.. side.Levels.SelectMany(level => level.Limits).Select(PromiseText.Of)],
            (double)side.Price.UsdPerHour, side.Price.AsOf, side.Price.Source, cost.Usd.Usd, low ?? 0, high,
            cost.Engine.StepTime.Tier.ToString().ToLowerInvariant());
    }

    static (decimal? Low, decimal? High) Ends(double value, IEnumerable<double> draws)
    {
        var (low, high) = DrawQuantiles.Of(value, draws.Where(draw => !double.IsNaN(draw)));
        return (double.IsFinite(low) ? PicoDollars.FromUsd(low).Usd : null,
            double.IsFinite(high) ? PicoDollars.FromUsd(high).Usd : null);
    }

    static string Format(ComparedSide side) =>
        $"{(side.Weights ?? side.Model.NativeWeights).Name()} weights, {side.Kv.Name()} KV";

    static string PriceWords(ComparedSide side) => FormattableString.Invariant(
        $"${side.Price.UsdPerHour:0.00##}{(side.Price.AsOf is { } day ? $" ({day})" : "")}");

    static string LimitWords(ComparedSide side)
    {
        static string Said(int? limit) => limit is { } own ? FormattableString.Invariant($"{own}") : "usual";
        return $"{Said(side.Tuning.MaxNumSeqs)} sequences, {Said(side.Tuning.MaxNumBatchedTokens)} tokens";
    }

    static string WorkloadWords(ComparedSide side) =>
        FormattableString.Invariant($"{side.Workload.Name} at {side.RequestsPerSecond:0.##}/s");

    static string Promise(ComparedSide side) => side.IsBatch ? "none"
        : string.Join(", ", side.Levels.SelectMany(level => level.Limits).Select(PromiseText.Of));
}

/// <summary>The split, or in one line why there is none.</summary>
public sealed record CompareOutcome(CompareDocument? Document, string? Broken);
