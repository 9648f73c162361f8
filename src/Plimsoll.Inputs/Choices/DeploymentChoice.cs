using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Profiles;

namespace Plimsoll.Inputs.Choices;

/// <summary>
/// Which engine serves which model on what, with the degrees of parallelism that are left open.
/// </summary>
public sealed record DeploymentChoice
{
    public required ModelSpec Model { get; init; }

    public required AcceleratorSpec Accelerator { get; init; }

    /// <summary>
    /// Degrees of parallelism; null leaves the choice to the search: the cheapest that fits.
    /// </summary>
    public int? TensorParallel { get; init; }

    public int? PipelineParallel { get; init; }

    public int? ExpertParallel { get; init; }

    public int? DataParallel { get; init; }

    public required NumberFormat Weights { get; init; }

    public required NumberFormat Kv { get; init; }

    /// <summary>See <see cref="Deployment.ExpertSkew"/>.</summary>
    public double ExpertSkew { get; init; } = Deployment.FittedExpertSkew;

    public required EngineSettings Engine { get; init; }

    /// <summary>Step times fitted to the user's own engine; the catalogue's when null.</summary>
    public IStepTimeProfile? Profile { get; init; }

    /// <summary>How much slower the kernels of another time were; 1 for today's.</summary>
    public double Slower { get; init; } = 1;

    /// <summary>The step times of a deployment of this choice.</summary>
    /// <param name="deployment">Its degrees of parallelism settled.</param>
    /// <param name="contextTokens">Mean prompt and answer together of what it is to serve.</param>
    public StepTimeModel ModelOf(Deployment deployment, int contextTokens)
    {
        if (Profile is { } profile)
            return profile.ModelOf(deployment, contextTokens);
        var scale = StepScale.None;
        if (Slower != 1)
        {
            foreach (var term in Enum.GetValues<StepTerm>())
                scale = scale.With(term, Slower);
        }
        return StepTimeCatalogue.ModelOf(deployment, scale);
    }

    /// <summary>Nothing left open.</summary>
    public static DeploymentChoice Of(Deployment deployment) => new()
    {
        Model = deployment.Model,
        Accelerator = deployment.Accelerator,
        TensorParallel = deployment.TensorParallel,
        PipelineParallel = deployment.PipelineParallel,
        ExpertParallel = deployment.ExpertParallel,
        DataParallel = deployment.DataParallel,
        Weights = deployment.Weights,
        Kv = deployment.Kv,
        ExpertSkew = deployment.ExpertSkew,
        Engine = deployment.Engine,
    };

    /// <summary>The deployment with these degrees where none is fixed.</summary>
    public Deployment With(int tensor = 1, int pipeline = 1, int expert = 1, int data = 1) => new()
    {
        Model = Model,
        Accelerator = Accelerator,
        TensorParallel = TensorParallel ?? tensor,
        PipelineParallel = PipelineParallel ?? pipeline,
        ExpertParallel = ExpertParallel ?? expert,
        DataParallel = DataParallel ?? data,
        Weights = Weights,
        Kv = Kv,
        ExpertSkew = ExpertSkew,
        Engine = Engine,
    };

    /// <summary>The same choice with every degree of parallelism left open again.</summary>
    public DeploymentChoice Open() => this with
    {
        TensorParallel = null, PipelineParallel = null, ExpertParallel = null, DataParallel = null,
    };
}
