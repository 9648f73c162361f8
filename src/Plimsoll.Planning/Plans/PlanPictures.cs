using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Search;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// The pictures of a plan: cost against each promise, throughput against interactivity, card by promise.
/// Their load lines are those of short runs, under the draws that the search met.
/// </summary>
public sealed class PlanPictures
{
    const int FrontRunners = 4;
    const int MostRows = 12;

    /// <summary>Highest cost that is drawn, over the lowest.</summary>
    const double TallestBar = 12;

    static readonly double[] Looser = [0.5, 0.7, 1, 1.5, 2, 4];

    readonly PlanOutcome _outcome;
    readonly PlanRung _rung;
    readonly List<PlanCandidate> _families;

    PlanPictures(PlanOutcome outcome)
    {
        _outcome = outcome;
        _rung = PlanRungs.Of(outcome.Request).Short with { Name = "picture" };
        _families = [.. outcome.Best.Select(e => e.Candidate)
            .Concat(outcome.Fallen.Where(f => f.Stage >= PlanStage.Bound && f.AtLeast is not null)
                .OrderBy(f => f.AtLeast).Select(f => f.Candidate))
            .DistinctBy(c => c.Family).Take(MostRows)];
    }

    /// <summary>None where nobody keeps the promise, or none was made.</summary>
    public static IReadOnlyList<ReportPicture> Of(PlanOutcome outcome)
    {
        if (outcome.Best.Count == 0)
            return [];
        var pictures = new PlanPictures(outcome);
        return outcome.Request.IsBatch
            ? [pictures.Interactivity()]
            : [.. pictures.CostCurves(), pictures.Interactivity(), pictures.Map()];
    }

    /// <summary>One picture a metric: its limits scaled, the others as promised.</summary>
    IEnumerable<ReportPicture> CostCurves()
    {
        foreach (var metric in _outcome.Request.Serving.Limits.Select(l => l.Metric).Distinct().ToList())
        {
            var limit = _outcome.Request.Serving.Limits.First(l => l.Metric == metric);
            var amounts = Amounts([.. _families.Take(FrontRunners)],
                Looser.Select(factor => Scaled(l => l.Metric == metric, factor)).ToList());
            // Where a limit is hardly kept a cost has no bound; what is far above the least is left out.
            var most = TallestBar * amounts.Cast<double?>().Min();
            var curves = _families.Take(FrontRunners).Select((family, i) => new NamedCurve(
                PlanStatements.Short(family, _outcome.Request),
                [.. Looser.Select((factor, j) => (At: factor * limit.LimitNs / 1e6, Usd: amounts[i, j]))
                    .Where(p => p.Usd <= most).Select(p => (p.At, p.Usd!.Value))])).ToList();
            var name = metric.Name().ToUpperInvariant();
            var picture = new CurvesPicture
            {
                Title = $"Cost against the promised {name}",
                Subtitle = $"USD per million tokens, nothing rounded, by the limit of {name} "
                    + FormattableString.Invariant($"p{limit.Percentile:0.##}; other limits as promised"),
                Across = $"{name} limit, ms",
                Logarithmic = true,
                Curves = curves,
                Marks = [(limit.LimitNs / 1e6, "promised")],
            };
            yield return new ReportPicture(
                $"cost-{metric.Name()}",
                $"What a token costs as the limit of {name} is loosened or tightened, for the front runners.",
                picture.Draw());
        }
    }

    IReadOnlyList<LevelPromise> Scaled(Func<Limit, bool> which, double factor) =>
    [
        .. _outcome.Request.Serving.Levels.Select(level => LevelPromise.Of(
            level.Spec, [.. level.Limits.Select(limit => which(limit)
                ? limit with { LimitNs = (long)(limit.LimitNs * factor) } : limit)])),
    ];

    /// <summary>
    /// Dollars per million tokens of each candidate under each promise; null where it breaks.
    /// </summary>
    double?[,] Amounts(IReadOnlyList<PlanCandidate> candidates,
        IReadOnlyList<IReadOnlyList<LevelPromise>> promises)
    {
        var amounts = new double?[candidates.Count, promises.Count];
        Parallel.For(0, candidates.Count * promises.Count, cell =>
        {
            var (row, column) = (cell / promises.Count, cell % promises.Count);
            var request = _outcome.Request;
            request = request with { Serving = request.Serving with { Levels = promises[column] } };
            var candidate = candidates[row];
            var bound = PlanBound.Of(candidate, request, _outcome.Mean);
            var line = bound.RequestsPerSecond is null ? 0
                : new PlanTrial(candidate, request, bound).Measure(_rung).Line;
            if (line > 0)
            {
                amounts[row, column] = _outcome.Scale.UsdPerMillionTokens(
                    (_outcome.Scale.Peak / line + _outcome.Scale.Spare) * candidate.UsdPerHour);
            }
        });
        return amounts;
    }

    ReportPicture Interactivity()
    {
        var curves = new List<NamedCurve>();
        foreach (var candidate in _families.Where(c => !c.IsDisaggregated).Take(FrontRunners))
        {
            var engine = PlanTrial.Engine(candidate, _outcome.Request.Serving);
            var steady = new SteadyState(engine, _outcome.Mean);
            var points = new List<(double, double)>();
            for (double running = 1; running <= steady.MostRunning; running *= 1.5)
            {
                var point = steady.At((int)running);
                points.Add((1e9 / point.TpotNs, point.RequestsPerSecond * _outcome.Mean.OutputTokens
                    / candidate.Deployment.TensorParallel / candidate.Deployment.PipelineParallel));
            }
            points.Reverse();
            curves.Add(new NamedCurve(PlanStatements.Short(candidate, _outcome.Request), points));
        }
        var promised = _outcome.Request.Serving.Limits.Where(l => l.Metric == Metric.Tpot)
            .Select(l => (1e9 / l.LimitNs, "promised")).ToList();
        return new ReportPicture(
            "interactivity",
            "What an accelerator makes against how fast each user is served, for the front runners.",
            new CurvesPicture
            {
                Title = "Throughput against interactivity",
                Subtitle = "output tokens/s per accelerator by tokens/s that a user sees; steady state of "
                    + "the mean request, without bursts",
                Across = "tokens/s per user",
                Curves = curves,
                Marks = promised,
            }.Draw());
    }

    ReportPicture Map()
    {
        double[] factors = [0.5, 1, 2, 4];
        var amounts = Amounts(_families, factors.Select(factor => Scaled(_ => true, factor)).ToList());
        var rows = _families.Select((family, i) => (
            PlanStatements.Short(family, _outcome.Request),
            (IReadOnlyList<double?>)[.. Enumerable.Range(0, factors.Length).Select(j =>
                amounts[i, j])])).ToList();
        return new ReportPicture(
            "map",
            "What a token costs on each card as the whole promise is tightened or loosened.",
            MapPicture.Draw(
                "Which card wins under which promise",
                "USD per million tokens, nothing rounded; every limit of the promise times the factor above; "
                + "the least of a column is marked, – where it breaks",
                [.. factors.Select(f => FormattableString.Invariant($"× {f:0.#}"))], rows));
    }
}
