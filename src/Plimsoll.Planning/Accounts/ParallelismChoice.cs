using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

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
        Check(
            request.Model, request.Accelerator, request.TensorParallel, request.PipelineParallel,
            request.ExpertParallel, request.DataParallel);
        var fitting = new List<Deployment>();
        KvCapacityResult? closest = null;
        Deployment? largest = null;
        foreach (var pipeline in request.PipelineParallel is { } fixedStages
            ? [fixedStages] : new[] { 1, 2, 4 })
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
                var memory = EngineCatalogue.Capacity(deployment);
                if (memory.Fits)
                    fitting.Add(deployment);
                else
                    (closest, largest) = (memory, deployment);
            }
            if (fitting.Count > 0)
                return fitting;
        }
        if (largest is null)
        {
            throw new BadInputException(
                $"{Setting.ExpertParallel} {request.ExpertParallel}",
                $"matches no {Setting.TensorParallel} × {Setting.DataParallel}",
                $"{Setting.TensorParallel} too");
        }
        throw new BadInputException(
            $"{request.Model.Name} with {NumberFormats.Name(request.Weights)} weights",
            $"does not fit {largest.TensorParallel * largest.PipelineParallel} × {request.Accelerator.Name}, "
            + $"{closest!.MissingGb:0.0} GB per accelerator are missing",
            $"more accelerators ({Setting.TensorParallel}, {Setting.PipelineParallel}), smaller "
            + $"{Setting.Weights}, or an accelerator with more memory");
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

    /// <summary>
    /// Refuses degrees of parallelism that a model or an accelerator cannot have; null is free.
    /// </summary>
    public static void Check(
        ModelSpec model, AcceleratorSpec accelerator, int? tensorParallel, int? pipelineParallel,
        int? expertParallel,
        int? dataParallel)
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
                $"exceeds the {accelerator.ScaleUpWorld} accelerators that {accelerator.Name} joins at full "
                + $"speed",
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
            if (experts % expertDegree != 0 || (expertDegree > 1 && ranks is { } all && expertDegree != all))
            {
                throw new BadInputException(
                    $"{Setting.ExpertParallel} {expertDegree}", "impossible",
                    $"1, or {Setting.TensorParallel} × {Setting.DataParallel}, and a divisor of the "
                    + $"{experts} experts of {model.Name}");
            }
        }
    }
}
