using System;
using System.Collections.Generic;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// What would change the interactive bill without breaking the promise, each alone. Their sum means nothing:
/// what one saves another cannot save again.
/// </summary>
static class Levers
{
    /// <summary>The small model that a narrow task may be tuned on.</summary>
    public const string SmallModel = "Llama-3.1-8B";

    /// <summary>A model this many times the small one is worth replacing.</summary>
    const int WorthReplacing = 4;

    public static IReadOnlyList<Credit> Of(
        AccountRequest request, CostBasis basis, ClassAccount interactive, ClassAccount batch,
        RunProgress progress)
    {
        var credits = new List<Credit>();
        Add(credits, BatchBackfill(request, basis, interactive, batch));
        Add(credits, Autoscaling(request, interactive));
        Add(credits, Quantisation(request, basis, interactive, progress));
        Add(credits, SmallerModel(request, basis, interactive, progress));
        return credits;
    }

    static void Add(List<Credit> credits, Credit? credit)
    {
        if (credit is not null)
            credits.Add(credit);
    }

    /// <summary>
    /// An hour of the fleet does its interactive work in (utilisation × line ÷ ceiling) of the time that the
    /// same work takes at full batch; the rest can carry batch work worth what batch work costs.
    /// </summary>
    static Credit BatchBackfill(
        AccountRequest request, CostBasis basis, ClassAccount interactive, ClassAccount batch)
    {
        var busy = request.Serving.RequestsPerSecond / interactive.Fleet.Replicas
            / batch.LoadLine.RequestsPerSecond;
        var idle = Math.Clamp(1 - busy, 0, 1);
        var worth = Math.Min(1.0, (double)(basis.PerMillionTokens(batch.LoadLine.RequestsPerSecond).Usd
            / batch.Cost.UsdPerMillionTokens));
        return new Credit(
            "batch backfill", Usd(-(double)interactive.Cost.UsdPerMillionTokens * idle * worth),
            FormattableString.Invariant(
                $"upper bound: {100 * idle:0} % of the fleet's computing time is free at ")
            + "full-batch speed; batch work in it earns its own cost per token, if "
            + "interactive work always goes first");
    }

    static Credit? Autoscaling(AccountRequest request, ClassAccount interactive)
    {
        var replicas = interactive.Fleet.Replicas;
        var following = FleetSize.FollowingDemand(
            request.Serving.RequestsPerSecond, interactive.LoadLine.RequestsPerSecond,
                request.Serving.Workload.WeeklyEnvelope,
            request.SpareReplicas);
        return following >= replicas ? null : new Credit(
            "autoscaling", Usd((double)interactive.Cost.UsdPerMillionTokens * (following / replicas - 1)),
            FormattableString.Invariant($"{following:0.0} replicas on average instead of {replicas}, if ")
            + "capacity follows demand hour by hour without delay and unused hours are not billed");
    }

    static Credit? Quantisation(
        AccountRequest request, CostBasis basis, ClassAccount interactive, RunProgress progress)
    {
        if (Narrower(request) is not { } format)
            return null;
        // A profile speaks of its own model and format only; the tier of the alternative stands beside it.
        var narrow = Alternative.Of(
            Changed(request, d => d with { Weights = format, Profile = null }), basis.TokensPerRequest,
                progress);
        return narrow is null ? null : new Credit(
            "quantisation", narrow.Bill.Usd - interactive.Cost.UsdPerMillionTokens,
            $"{format.Name()} weights instead of {request.Serving.Deployment.Weights.Name()}: "
                + $"{Fleet(narrow)}, if the answers stay good enough");
    }

    static Credit? SmallerModel(
        AccountRequest request, CostBasis basis, ClassAccount interactive, RunProgress progress)
    {
        var model = Catalogue.BuiltIn.FindModel(SmallModel);
        if (request.Serving.Deployment.Model.Parameters < WorthReplacing * model.Parameters)
            return null;
        var changed = Changed(request, d => d.Open() with
        {
            Model = model, Engine = d.Engine with { NumGpuBlocks = null }, Profile = null,
        });
        var small = Alternative.Of(changed, basis.TokensPerRequest, progress);
        return small is null ? null : new Credit(
            "smaller model", small.Bill.Usd - interactive.Cost.UsdPerMillionTokens,
            $"{model.Name} tuned to the task: {Fleet(small)}, same tokens, if it does the "
            + $"task; tuning is not counted");
    }

    static AccountRequest Changed(AccountRequest request, Func<DeploymentChoice, DeploymentChoice> change) =>
        request with
    {
        Serving = request.Serving with { Deployment = change(request.Serving.Deployment) },
    };

    /// <summary>
    /// The next format down that the accelerator multiplies natively; null when there is none.
    /// </summary>
    static NumberFormat? Narrower(AccountRequest request) => request.Serving.Deployment.Weights switch
    {
        NumberFormat.Bf16 when request.Serving.Deployment.Accelerator.Fp8Tflops is not null =>
            NumberFormat.Fp8,
        NumberFormat.Bf16 when request.Serving.Deployment.Accelerator.Int8Tops is not null =>
            NumberFormat.Int8,
        NumberFormat.Fp8 when request.Serving.Deployment.Accelerator.Fp4Tflops is not null =>
            NumberFormat.Fp4,
        _ => null,
    };

    static string Fleet(Alternative alternative) =>
        $"{alternative.Replicas} × {alternative.Engine.Deployment.Accelerators} "
        + $"{alternative.Engine.Deployment.Accelerator.Name} (tier "
        + $"{alternative.Engine.StepTime.Tier.ToString().ToLowerInvariant()})";

    static decimal Usd(double usd) => PicoDollars.FromUsd(usd).Usd;
}
