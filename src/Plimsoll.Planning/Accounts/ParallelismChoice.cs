using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Accounts;

/// <summary>The deployments that an account may choose from, what the user fixed kept.</summary>
public static class ParallelismChoice
{
    /// <summary>
    /// Every deployment that fits: tensor parallelism in powers of two within one scale-up domain and a
    /// divisor of the heads; pipeline stages only where no tensor parallelism fits alone. What the user
    /// fixed and is impossible throws <see cref="BadInputException"/>.
    /// </summary>
    public static IReadOnlyList<Deployment> Candidates(AccountRequest request)
    {
        Check(request);
        var fitting = new List<Deployment>();
        KvCapacityResult? closest = null;
        Deployment? largest = null;
        foreach (var pipeline in request.PipelineParallel is { } fixedStages ? [fixedStages] : new[] { 1, 2, 4 })
        {
            foreach (var tensor in TensorDegrees(request))
            {
                var deployment = new Deployment
                {
                    Model = request.Model,
                    Accelerator = request.Accelerator,
                    TensorParallel = tensor,
                    PipelineParallel = pipeline,
                    ExpertParallel = request.ExpertParallel ?? 1,
                    DataParallel = request.DataParallel ?? 1,
                    Weights = request.Weights,
                    Kv = request.Kv,
                    Engine = request.Engine,
                };
                var memory = KvCapacity.Blocks(deployment);
                if (memory.Fits)
                    fitting.Add(deployment);
                else
                    (closest, largest) = (memory, deployment);
            }
            if (fitting.Count > 0)
                return fitting;
        }
        if (largest is null)
            throw new BadInputException($"--ep {request.ExpertParallel} matches no --tp × --dp; expected --tp too");
        throw new BadInputException(FormattableString.Invariant(
            $"{request.Model.Name} with {Core.Models.NumberFormats.Name(request.Weights)} weights does not fit ")
            + FormattableString.Invariant(
                $"{largest.TensorParallel * largest.PipelineParallel} × {request.Accelerator.Name}: ")
            + FormattableString.Invariant($"{closest!.MissingGb:0.0} GB per accelerator are missing; ")
            + "expected more accelerators (--tp, --pp), smaller --weights, or an accelerator with more memory");
    }

    static IEnumerable<int> TensorDegrees(AccountRequest request)
    {
        if (request.TensorParallel is { } chosen)
        {
            yield return chosen;
            yield break;
        }
        var most = Math.Min(8, request.Accelerator.ScaleUpWorld);
        var ranks = request.DataParallel ?? 1;
        for (var degree = 1; degree <= most; degree *= 2)
        {
            var holdsExperts = request.ExpertParallel is not > 1 || degree * ranks == request.ExpertParallel;
            if (request.Model.Attention.Heads % degree == 0 && holdsExperts)
                yield return degree;
        }
    }

    static void Check(AccountRequest request)
    {
        var heads = request.Model.Attention.Heads;
        if (request.TensorParallel is { } tensor && heads % tensor != 0)
        {
            throw new BadInputException(
                $"--tp {tensor} does not divide the {heads} attention heads of {request.Model.Name}; expected a "
                + $"divisor of {heads}");
        }
        if (request.TensorParallel > request.Accelerator.ScaleUpWorld)
        {
            throw new BadInputException(
                $"--tp {request.TensorParallel} exceeds the {request.Accelerator.ScaleUpWorld} accelerators "
                + $"that {request.Accelerator.Name} joins at full speed; expected at most that, and --pp beyond");
        }
        if (request.PipelineParallel > request.Model.Layers)
        {
            throw new BadInputException(
                $"--pp {request.PipelineParallel} exceeds the {request.Model.Layers} layers of "
                + $"{request.Model.Name}; expected at most that");
        }
        var experts = request.Model.FeedForward.Experts;
        if (request.ExpertParallel is > 1 && experts == 0)
            throw new BadInputException($"--ep {request.ExpertParallel}: {request.Model.Name} has no experts");
        if (request.ExpertParallel is { } expertDegree && experts > 0)
        {
            var ranks = request.TensorParallel * (request.DataParallel ?? 1);
            if (experts % expertDegree != 0 || (expertDegree > 1 && ranks is { } all && expertDegree != all))
            {
                throw new BadInputException(
                    $"--ep {expertDegree} is impossible: expected 1, or --tp × --dp, and a divisor of the "
                    + $"{experts} experts of {request.Model.Name}");
            }
        }
    }
}
