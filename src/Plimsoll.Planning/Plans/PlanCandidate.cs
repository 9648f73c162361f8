using System.Globalization;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// One way to serve: a replica, or a group of replicas that prefill and replicas that decode, with nothing
/// left open. A fleet is so many of them.
/// </summary>
public sealed record PlanCandidate
{
    /// <summary>Place in the space, the same on every machine.</summary>
    public required int Index { get; init; }

    /// <summary>The engine that gives answers.</summary>
    public required Deployment Deployment { get; init; }

    /// <summary>The engine that prefills, where it is split otherwise than the one that decodes.</summary>
    public Deployment? PrefillDeployment { get; init; }

    public required SchedulingPolicy Policy { get; init; }

    public required PriceSpec Price { get; init; }

    /// <summary>Replicas that only prefill in a unit; 0 where every replica does both.</summary>
    public int PrefillReplicas { get; init; }

    /// <summary>Replicas that give answers in a unit.</summary>
    public int ServingReplicas { get; init; } = 1;

    /// <summary>Router in front of the replicas; null for an even share each.</summary>
    public RoutingPolicy? Router { get; init; }

    public bool IsDisaggregated => PrefillReplicas > 0;

    /// <summary>Accelerators of a unit.</summary>
    public int Accelerators =>
        (Prefill.Accelerators * PrefillReplicas) + (Deployment.Accelerators * ServingReplicas);

    /// <summary>The engine that prefills.</summary>
    public Deployment Prefill => PrefillDeployment ?? Deployment;

    public double UsdPerHour => (double)Price.UsdPerHour * Accelerators;

    /// <summary>Model, format and card: what a favourite is called by.</summary>
    public string Family =>
        $"{Deployment.Model.Name} {Deployment.Weights.Name()} on {Deployment.Accelerator.Name}";

    /// <summary>Everything that was chosen, in one line that no other candidate has.</summary>
    public string Key
    {
        get
        {
            var d = Deployment;
            var text = string.Create(CultureInfo.InvariantCulture,
                $"{d.Model.Name} {d.Accelerator.Key} {d.Weights.Name()}/{d.Kv.Name()} tp{d.TensorParallel} ")
                + string.Create(CultureInfo.InvariantCulture,
                    $"pp{d.PipelineParallel} ep{d.ExpertParallel} dp{d.DataParallel} {d.Engine.Engine}")
                + $"{(d.Engine.EngineVersion is { } version ? $"@{version}" : "")} "
                + string.Create(CultureInfo.InvariantCulture,
                    $"seqs{d.Engine.MaxNumSeqs} tokens{d.Engine.MaxNumBatchedTokens} {Policy.Name}");
            if (d.Engine.Speculation is { } speculation)
            {
                text += string.Create(CultureInfo.InvariantCulture,
                    $" drafts{speculation.DraftTokens}:{speculation.AcceptanceLength:0.###}");
            }
            if (d.Engine.KvTiers is { } tiers)
                text += $" {tiers.Name}";
            text += Wide(d);
            if (IsDisaggregated)
                text += string.Create(CultureInfo.InvariantCulture, $" {PrefillReplicas}p{ServingReplicas}d");
            if (PrefillDeployment is { } p)
            {
                text += string.Create(CultureInfo.InvariantCulture,
                    $" prefill:tp{p.TensorParallel} pp{p.PipelineParallel} ep{p.ExpertParallel} ")
                    + string.Create(CultureInfo.InvariantCulture,
                        $"dp{p.DataParallel} tokens{p.Engine.MaxNumBatchedTokens}{Wide(p)}");
            }
            return Router is { } router ? $"{text} {RoutingPolicies.All.NameOf(router)}" : text;
        }
    }

    static string Wide(Deployment d) => (d.Engine.TwoBatchOverlap ? " dbo" : "")
        + (d.Engine.RedundantExperts > 0 ? string.Create(
            CultureInfo.InvariantCulture, $" redundant{d.Engine.RedundantExperts}") : "");

    /// <summary>The same thing asked of this candidate.</summary>
    public Serving Of(Serving serving) => serving with
    {
        Deployment = DeploymentChoice.Of(Deployment),
        Workload = ModelWorkload.Of(serving.Workload, Deployment.Model),
        Policy = Policy,
    };
}
