using System;
using System.Collections.Generic;
using System.Linq;
using static Plimsoll.Core.Timing.StepErrorSpec;

namespace Plimsoll.Planning.Validation;

/// <summary>What a measured figure was, over what was predicted of it.</summary>
/// <param name="Engine">What kinds have in common: the engine.</param>
/// <param name="Kind">Engine, release and whether experts are routed.</param>
/// <param name="Cell">Accelerator and weight format.</param>
/// <param name="Group">Model on a card: what is left out together.</param>
/// <param name="Log">Logarithm of measured over predicted.</param>
/// <param name="Below">What the terms' own errors may take off it, as a deviation of logarithms.</param>
/// <param name="Above">What they may add.</param>
sealed record StepResidual(
    string Engine, string Kind, string Cell, string Group, double Log, double Below, double Above);

/// <summary>Centre and 90 % band of measured over predicted, the terms' own errors apart.</summary>
readonly record struct StepErrorEstimate(double Centre, double Low, double High);

/// <summary>
/// Errors pooled partially within an engine: a kind's median, and a cell's deviation from it as far as its
/// own groups speak for it. The band is what is left around the centres, a cell's own as far as it has groups
/// and its kind's otherwise. A group counts by the root of its points.
/// </summary>
sealed class StepErrorFit
{
    /// <summary>
    /// Less than the twentieth meant: so few groups do not show the whole of it. With this, nine tenths of
    /// what is left out lie within the bands of the rest.
    /// </summary>
    const double Tail = 0.03;

    /// <summary>Weight of what is known of a kind, against that of a cell's own groups.</summary>
    const double Prior = 2;

    /// <summary>The same for bands, which need more groups than centres do.</summary>
    const double BandPrior = 10;

    readonly Dictionary<string, StepErrorEstimate> _kinds = [];
    readonly Dictionary<(string Kind, string Cell), StepErrorEstimate> _cells = [];

    public StepErrorFit(IEnumerable<StepResidual> residuals)
    {
        foreach (var engine in Weighted([.. residuals]).GroupBy(r => r.Residual.Engine))
            Fit([.. engine]);
    }

    void Fit(List<(StepResidual Residual, double Weight)> engine)
    {
        var middle = Quantile(engine, r => r.Log, 0.5);
        var kinds = engine.GroupBy(r => r.Residual.Kind)
            .Select(kind => (kind.Key, Own: kind.ToList())).ToList();
        // What lies around the centre that a group would have been given without it is what a new one sees.
        var deviations = new List<(StepResidual Residual, double Weight)>();
        foreach (var (_, own) in kinds)
            deviations.AddRange(AroundOthers(own, middle));
        var pooled = Band(deviations);
        foreach (var (kind, own) in kinds)
        {
            var centre = Shrunk(own, middle);
            var ofKind = deviations.Where(d => d.Residual.Kind == kind).ToList();
            var band = Between(pooled, ofKind);
            _kinds[kind] = Estimate(centre, band);
            foreach (var cell in own.GroupBy(r => r.Residual.Cell))
            {
                _cells[(kind, cell.Key)] = Estimate(
                    Shrunk([.. cell], centre),
                    Between(band, [.. ofKind.Where(d => d.Residual.Cell == cell.Key)]));
            }
        }
    }

    static StepErrorEstimate Estimate(double centre, (double Below, double Above) band) =>
        new(Math.Exp(centre), Math.Exp(-band.Below), Math.Exp(band.Above));

    /// <summary>The median of some, as far from what is known without them as they speak for it.</summary>
    static double Shrunk(List<(StepResidual Residual, double Weight)> own, double known)
    {
        var weight = own.Sum(r => r.Weight);
        return own.Count == 0
            ? known
            : known + ((Quantile(own, r => r.Log, 0.5) - known) * weight / (weight + Prior));
    }

    /// <summary>A band between what is known without some and their own.</summary>
    static (double Below, double Above) Between(
        (double Below, double Above) known, List<(StepResidual Residual, double Weight)> own)
    {
        if (own.Count == 0)
            return known;
        var weight = own.Sum(r => r.Weight);
        var share = weight / (weight + BandPrior);
        var (below, above) = Band(own);
        return (known.Below + (share * (below - known.Below)), known.Above + (share * (above - known.Above)));
    }

    /// <summary>Residuals of a kind around the centres that the groups beside their own would give.</summary>
    static IEnumerable<(StepResidual Residual, double Weight)> AroundOthers(
        List<(StepResidual Residual, double Weight)> kind, double middle)
    {
        foreach (var group in kind.GroupBy(r => r.Residual.Group))
        {
            var others = kind.Where(r => r.Residual.Group != group.Key).ToList();
            var centre = Shrunk(others, middle);
            foreach (var cell in group.GroupBy(r => r.Residual.Cell))
            {
                var at = Shrunk([.. others.Where(r => r.Residual.Cell == cell.Key)], centre);
                foreach (var (residual, weight) in cell)
                    yield return (residual with { Log = residual.Log - at }, weight);
            }
        }
    }

    public IReadOnlyDictionary<string, StepErrorEstimate> Kinds => _kinds;

    public IReadOnlyDictionary<(string Kind, string Cell), StepErrorEstimate> Cells => _cells;

    /// <summary>The estimate for a cell, or its kind's; null for a kind that nobody measured.</summary>
    public StepErrorEstimate? Of(string kind, string cell) =>
        _cells.TryGetValue((kind, cell), out var own) ? own
        : _kinds.TryGetValue(kind, out var pooled) ? pooled
        : null;

    /// <summary>Ends of a residual's own interval over the prediction: band and terms together.</summary>
    public static (double Low, double High) Ends(StepErrorEstimate estimate, StepResidual residual) => (
        estimate.Centre * Math.Exp(-Joined(Math.Log(estimate.Low), residual.Below)),
        estimate.Centre * Math.Exp(Joined(Math.Log(estimate.High), residual.Above)));

    static double Joined(double band, double deviation) =>
        Math.Sqrt((band * band) + (Deviations * Deviations * deviation * deviation));

    static List<(StepResidual Residual, double Weight)> Weighted(List<StepResidual> residuals)
    {
        var sizes = residuals.CountBy(r => r.Group).ToDictionary();
        return [.. residuals.Select(r => (r, 1 / Math.Sqrt(sizes[r.Group])))];
    }

    /// <summary>How far below and above nineteen of twenty lie, the terms' own errors taken out.</summary>
    static (double Below, double Above) Band(List<(StepResidual Residual, double Weight)> deviations)
    {
        return (Quantile(deviations, r => Beyond(-r.Log, r.Below), 1 - Tail),
            Quantile(deviations, r => Beyond(r.Log, r.Above), 1 - Tail));

        static double Beyond(double distance, double deviation) => distance <= 0
            ? 0
            : Math.Sqrt(Math.Max(
                0, (distance * distance) - (Deviations * Deviations * deviation * deviation)));
    }

    static double Quantile(
        List<(StepResidual Residual, double Weight)> residuals, Func<StepResidual, double> value,
        double share)
    {
        var sorted = residuals.Select(r => (Value: value(r.Residual), r.Weight))
            .OrderBy(r => r.Value).ToList();
        var total = sorted.Sum(r => r.Weight);
        var sum = 0.0;
        foreach (var (at, weight) in sorted)
        {
            sum += weight;
            if (sum >= share * total)
                return at;
        }
        return sorted[^1].Value;
    }
}
