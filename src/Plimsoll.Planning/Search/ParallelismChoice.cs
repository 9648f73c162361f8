using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Search;

/// <summary>The deployments that may be chosen from, what the user fixed kept.</summary>
public static class ParallelismChoice
{
    /// <summary>Data-parallel ranks that are tried, powers of two.</summary>
    const int MostDataRanks = 16;

    /// <summary>
    /// Every deployment that fits: tensor parallelism in powers of two within one scale-up domain and a
    /// divisor of the heads; pipeline stages only where no tensor parallelism fits alone; of a model with
    /// experts, these spread over the replica too. What the user fixed and is impossible throws
    /// <see cref="BadInputException"/>.
    /// </summary>
    public static IReadOnlyList<Deployment> Candidates(DeploymentChoice choice)
    {
        // A machine's profile speaks of the one deployment that ran on it.
        if (choice.Profile is MachineStepTimes)
            return [choice.With()];
        Check(
            choice.Model, choice.Accelerator, choice.TensorParallel, choice.PipelineParallel,
            choice.ExpertParallel, choice.DataParallel, choice.Engine.RedundantExperts);
        var fitting = new List<Deployment>();
        KvCapacityResult? closest = null;
        Deployment? largest = null;
        foreach (var (deployment, memory) in Tried(choice))
        {
            if (memory.Fits)
                fitting.Add(deployment);
            else if (deployment.ExpertParallel == 1 || choice.ExpertParallel is not null)
                (closest, largest) = (memory, deployment);
        }
        if (fitting.Count > 0)
            return fitting;
        if (largest is null)
        {
            throw new BadInputException(
                $"{Setting.ExpertParallel} {choice.ExpertParallel}",
                $"matches no {Setting.TensorParallel} × {Setting.DataParallel}",
                $"{Setting.TensorParallel} too");
        }
        throw new BadInputException(
            $"{choice.Model.Name} with {NumberFormats.Name(choice.Weights)} weights",
            $"does not fit {largest.TensorParallel * largest.PipelineParallel} × {choice.Accelerator.Name}, "
            + $"{closest!.MissingGb:0.0} GB per accelerator are missing",
            $"more accelerators ({Setting.TensorParallel}, {Setting.PipelineParallel}), smaller "
            + $"{Setting.Weights}, or an accelerator with more memory");
    }

    /// <summary>
    /// Every deployment that the degrees left open allow, with its memory, whether it fits or not: pipeline
    /// stages are tried only while no tensor parallelism fits alone.
    /// </summary>
    public static IEnumerable<(Deployment Deployment, KvCapacityResult Memory)> Tried(DeploymentChoice choice)
    {
        var fits = false;
        foreach (var pipeline in choice.PipelineParallel is { } fixedStages ? [fixedStages]
            : new[] { 1, 2, 4 })
        {
            foreach (var tensor in TensorDegrees(choice))
            {
                var deployment = choice.With(tensor, pipeline);
                var memory = EngineCatalogue.Capacity(deployment);
                fits |= memory.Fits;
                yield return (deployment, memory);
            }
            if (fits)
                break;
        }
        foreach (var deployment in ExpertSplits(choice))
            yield return (deployment, EngineCatalogue.Capacity(deployment));
    }

    /// <summary>Degrees of parallelism in words: of tensors always, of the rest where it is any.</summary>
    public static IEnumerable<string> Words(Deployment of)
    {
        yield return FormattableString.Invariant($"tp {of.TensorParallel}");
        if (of.PipelineParallel > 1)
            yield return FormattableString.Invariant($"pp {of.PipelineParallel}");
        if (of.ExpertParallel > 1)
            yield return FormattableString.Invariant($"ep {of.ExpertParallel}");
        if (of.DataParallel > 1)
            yield return FormattableString.Invariant($"dp {of.DataParallel}");
    }

    /// <summary>
    /// Experts spread over the accelerators of a replica, with attention split over them too or whole on
    /// each: what the degrees that are left open allow.
    /// </summary>
    static IEnumerable<Deployment> ExpertSplits(DeploymentChoice choice)
    {
        var experts = choice.Model.FeedForward.Experts;
        if (experts == 0 || choice.ExpertParallel is not null || choice.PipelineParallel > 1)
            yield break;
        foreach (var tensor in TensorDegrees(choice))
        {
            foreach (var data in DataDegrees(choice))
            {
                var all = tensor * data;
                // Attention is either split over all accelerators of a replica or whole on each.
                var isPlain = tensor == 1 || data == 1 || choice.TensorParallel is not null;
                if (isPlain && all > 1 && (experts + choice.Engine.RedundantExperts) % all == 0)
                    yield return choice.With(tensor, pipeline: 1, expert: all, data: data);
            }
        }
    }

    static IEnumerable<int> DataDegrees(DeploymentChoice choice)
    {
        if (choice.DataParallel is { } chosen)
        {
            yield return chosen;
            yield break;
        }
        for (var ranks = 1; ranks <= MostDataRanks; ranks *= 2)
            yield return ranks;
    }

    static IEnumerable<int> TensorDegrees(DeploymentChoice choice)
    {
        if (choice.TensorParallel is { } chosen)
        {
            yield return chosen;
            yield break;
        }
        var most = Math.Min(8, choice.Accelerator.ScaleUpWorld);
        var ranks = choice.DataParallel ?? 1;
        for (var degree = 1; degree <= most; degree *= 2)
        {
            var holdsExperts = choice.ExpertParallel is not > 1 || degree * ranks == choice.ExpertParallel;
            if (choice.Model.Attention.Heads % degree == 0 && holdsExperts)
                yield return degree;
        }
    }

    /// <summary>
    /// Refuses degrees of parallelism that a model or an accelerator cannot have; null is free.
    /// </summary>
    public static void Check(
        ModelSpec model, AcceleratorSpec accelerator, int? tensorParallel, int? pipelineParallel,
        int? expertParallel, int? dataParallel, int redundantExperts = 0)
    {
        var heads = model.Attention.Heads;
        if (tensorParallel is { } tensor && heads % tensor != 0)
        {
            throw new BadInputException(
                $"{Setting.TensorParallel} {tensor}",
                $"does not divide the {heads} attention heads of {model.Name}",
                $"a divisor of {heads}");
        }
        if (tensorParallel > accelerator.ScaleUpWorld)
        {
            throw new BadInputException(
                $"{Setting.TensorParallel} {tensorParallel}",
                $"exceeds the {accelerator.ScaleUpWorld} accelerators that "
                + $"{accelerator.Name} joins at full speed",
                $"at most that, and {Setting.PipelineParallel} beyond");
        }
        if (pipelineParallel > model.Layers)
        {
            throw new BadInputException(
                $"{Setting.PipelineParallel} {pipelineParallel}",
                $"exceeds the {model.Layers} layers of {model.Name}",
                "at most that");
        }
        var experts = model.FeedForward.Experts;
        if (expertParallel is > 1 && experts == 0)
        {
            throw new BadInputException($"{Setting.ExpertParallel} {expertParallel}",
                $"{model.Name} has no experts", "1");
        }
        if (expertParallel is { } expertDegree && experts > 0)
        {
            var ranks = tensorParallel * (dataParallel ?? 1);
            if ((experts + redundantExperts) % expertDegree != 0
                || (expertDegree > 1 && ranks is { } all && expertDegree != all))
            {
                throw new BadInputException(
                    $"{Setting.ExpertParallel} {expertDegree}", "impossible",
                    $"1, or {Setting.TensorParallel} × {Setting.DataParallel}, and a divisor of the "
                    + $"{experts} experts of {model.Name}");
            }
        }
    }
}
