using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// What would change the interactive bill without breaking the promise, each alone. Their sum means nothing:
/// what one saves another cannot save again.
/// </summary>
sealed class Levers
{
    /// <summary>The small model that a narrow task may be tuned on.</summary>
    public const string SmallModel = Usual.SmallModel;

    /// <summary>A model this many times the small one is worth replacing.</summary>
    public const int WorthReplacing = 4;

    readonly AccountRequest _request;
    readonly CostBasis _basis;
    readonly ClassAccount _interactive;
    readonly ClassAccount _batch;
    readonly BackfillStatement? _backfill;
    readonly RunProgress _progress;
    readonly IReadOnlyList<double> _bills;
    readonly IReadOnlyList<double> _lines;
    readonly IReadOnlyList<double> _ceilings;

    /// <param name="request">What is asked.</param>
    /// <param name="engine">One engine rank of the fleet.</param>
    /// <param name="basis">Rates to dollars.</param>
    /// <param name="interactive">The bill that is to be lowered.</param>
    /// <param name="batch">What batch work costs.</param>
    /// <param name="backfill">Batch work simulated in the slack; null when none is.</param>
    /// <param name="drawn">The engine in every draw of its error.</param>
    /// <param name="progress">Told of each run.</param>
    public Levers(
        AccountRequest request, SimulatedEngine engine, CostBasis basis, ClassAccount interactive,
        ClassAccount batch, BackfillStatement? backfill, DrawnLines drawn, RunProgress progress)
    {
        _request = request;
        _basis = basis;
        _interactive = interactive;
        _batch = batch;
        _backfill = backfill;
        _progress = progress;
        _bills = DrawnFleets.Bills(request, engine, basis, drawn);
        _lines = [.. drawn.Draws.Select(d => d.LoadLine * engine.Ranks)];
        _ceilings = [.. drawn.Draws.Select(d => d.Ceiling * engine.Ranks)];
    }

    /// <summary>Every lever that there is; why the others have no figure.</summary>
    public (IReadOnlyList<Credit> Credits, IReadOnlyList<string> Failures) All()
    {
        var credits = new List<Credit>();
        var failures = new List<string>();
        Add("batch backfill", () => _backfill is { } simulated ? Backfilled(simulated) : BatchBackfill());
        Add("autoscaling", Autoscaling);
        Add("quantisation", Quantisation);
        Add("smaller model", SmallerModel);
        return (credits, failures);

        // A lever stands beside an account that is done: whatever becomes of it, the account is printed.
        void Add(string name, Func<Credit?> lever)
        {
            try
            {
                if (lever() is { } credit)
                    credits.Add(credit);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                failures.Add($"lever {name}: no figure; {failure.Message}");
            }
        }
    }

    /// <summary>
    /// An hour of the fleet does its interactive work in (utilisation × line ÷ ceiling) of the time that the
    /// same work takes at full batch; the rest could carry batch work worth what batch work costs. No bound:
    /// the promise keeps some of it out, and steps that carry both do more.
    /// </summary>
    Credit BatchBackfill()
    {
        var rate = _request.Serving.RequestsPerSecond;
        var idle = Idle(_interactive.Fleet.Replicas, _batch.LoadLine.RequestsPerSecond);
        var change = Change(
            (double)_interactive.Cost.UsdPerMillionTokens, _interactive.Fleet.Replicas,
            _batch.LoadLine.RequestsPerSecond);
        var replicas = _bills.Select(Replicas).ToList();
        return new Credit(
            "batch backfill", Usd(change),
            FormattableString.Invariant(
                $"not simulated: at full-batch speed {100 * idle:0} % of the fleet's time is free, and ")
            + "batch work of the same tokens in all of it would earn its own cost per token")
        {
            Interval = Between(change, _bills.Select((bill, i) => Change(bill, replicas[i], _ceilings[i]))),
        };

        double Idle(double fleet, double ceiling) => Math.Clamp(1 - (rate / fleet / ceiling), 0, 1);

        double Change(double bill, double fleet, double ceiling)
        {
            if (double.IsInfinity(bill))
                return double.NegativeInfinity;
            var full = (double)_basis.PerMillionTokens(ceiling).Usd;
            var batch =
                (double)_basis.PerMillionTokens(rate / FleetSize.Replicas(rate, ceiling)).Usd;
            return -bill * Idle(fleet, ceiling) * Math.Min(1, full / batch);
        }
    }

    /// <summary>The simulated figure: what the batch work done would cost in a fleet of its own.</summary>
    Credit Backfilled(BackfillStatement backfill)
    {
        var share = (double)(backfill.Bill.SavedUsdPerWeek / (decimal)(168 * _interactive.Fleet.UsdPerHour));
        return new Credit(
            "batch backfill", Usd(-(double)_interactive.Cost.UsdPerMillionTokens * share),
            FormattableString.Invariant($"simulated: {backfill.Workload} in the slack, worth ")
            + FormattableString.Invariant($"{100 * share:0} % of the fleet's bill in a fleet of its own; ")
            + FormattableString.Invariant($"{100 * backfill.Policies[0].HoursKept:0} % of the hours"));
    }

    Credit? Autoscaling()
    {
        var replicas = _interactive.Fleet.Replicas;
        var following = Following(_interactive.LoadLine.RequestsPerSecond);
        if (following >= replicas)
            return null;
        var change = (double)_interactive.Cost.UsdPerMillionTokens * ((following / replicas) - 1);
        return new Credit(
            "autoscaling", Usd(change),
            FormattableString.Invariant($"{following:0.0} replicas on average instead of {replicas}, if ")
            + "capacity follows demand hour by hour without delay and unused hours are not billed")
        {
            Interval = Between(change, _bills.Select((bill, i) => double.IsInfinity(bill)
                ? double.NegativeInfinity
                : bill * ((Following(_lines[i]) / Replicas(bill)) - 1))),
        };

        double Following(double line) => FleetSize.FollowingDemand(
            _request.Serving.RequestsPerSecond, line, _request.Serving.Workload.WeeklyEnvelope,
            _request.SpareReplicas);
    }

    Credit? Quantisation()
    {
        var own = _request.Serving.Deployment;
        if (Narrower(own.Weights, own.Accelerator) is not { } format)
            return null;
        // A profile speaks of its own model and format only; the tier of the alternative stands beside it.
        var narrow = Alternative.Of(
            Changed(_request, d => d with { Weights = format, Profile = null }), _basis.TokensPerRequest,
            _progress);
        return narrow is null ? null : Instead(
            "quantisation", narrow,
            $"{format.Name()} weights instead of {_request.Serving.Deployment.Weights.Name()}: "
                + $"{Fleet(narrow)}, if the answers stay good enough");
    }

    Credit? SmallerModel()
    {
        var model = Catalogue.BuiltIn.FindModel(SmallModel);
        if (_request.Serving.Deployment.Model.Parameters < WorthReplacing * model.Parameters)
            return null;
        var changed = Changed(_request, d => d.Open() with
        {
            Model = model, Engine = d.Engine with { NumGpuBlocks = null }, Profile = null,
        });
        var small = Alternative.Of(changed, _basis.TokensPerRequest, _progress);
        return small is null ? null : Instead(
            "smaller model", small,
            $"{model.Name} tuned to the task: {Fleet(small)}, same tokens, if it does the "
            + "task; tuning is not counted");
    }

    /// <summary>What another fleet costs less, draw by draw.</summary>
    Credit Instead(string name, Alternative other, string explanation)
    {
        var change = other.Bill.Usd - _interactive.Cost.UsdPerMillionTokens;
        return new Credit(name, change, explanation)
        {
            Interval = Between((double)change, _bills.Zip(other.Bills, (own, its) =>
                double.IsInfinity(own) ? double.NegativeInfinity : its - own)),
        };
    }

    static CreditInterval Between(double change, IEnumerable<double> draws)
    {
        var (low, high) = DrawQuantiles.Of(change, draws);
        return new CreditInterval(
            double.IsFinite(low) ? Usd(low) : null, double.IsFinite(high) ? Usd(high) : null);
    }

    /// <summary>Replicas whose bill that is.</summary>
    double Replicas(double bill) =>
        bill / (double)_interactive.Cost.UsdPerMillionTokens * _interactive.Fleet.Replicas;

    static AccountRequest Changed(AccountRequest request, Func<DeploymentChoice, DeploymentChoice> change) =>
        request with
    {
        Serving = request.Serving with { Deployment = change(request.Serving.Deployment) },
    };

    /// <summary>
    /// The next format down that the accelerator multiplies natively; null when there is none.
    /// </summary>
    public static NumberFormat? Narrower(NumberFormat weights, AcceleratorSpec card) => weights switch
    {
        NumberFormat.Bf16 when card.Fp8Tflops is not null => NumberFormat.Fp8,
        NumberFormat.Bf16 when card.Int8Tops is not null => NumberFormat.Int8,
        NumberFormat.Fp8 when card.Fp4Tflops is not null => NumberFormat.Fp4,
        _ => null,
    };

    static string Fleet(Alternative alternative) =>
        $"{alternative.Replicas} × {alternative.Engine.Deployment.Accelerators} "
        + $"{alternative.Engine.Deployment.Accelerator.Name} (tier "
        + $"{alternative.Engine.StepTime.Tier.ToString().ToLowerInvariant()})";

    static decimal Usd(double usd) => PicoDollars.FromUsd(usd).Usd;
}
