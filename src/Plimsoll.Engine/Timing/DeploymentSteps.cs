using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Profiles;

namespace Plimsoll.Engine.Timing;

/// <summary>
/// What a simulated engine's step times are made of, by the names that the catalogue knows: a decision log
/// that holds it is decided again without the engine.
/// </summary>
public sealed record DeploymentSteps
{
    public required string Model { get; init; }

    public required string Gpu { get; init; }

    public required int Tp { get; init; }

    /// <summary>Format of the weights; the model's own when null.</summary>
    public string? Weights { get; init; }

    public required string Kv { get; init; }

    public required EngineSettings Engine { get; init; }

    /// <summary>The file that a profile was read from; null without one.</summary>
    public string? ProfileFile { get; init; }

    /// <summary>The profile as JSON, so that its file may change or go.</summary>
    public string? Profile { get; init; }

    /// <summary>The step times; throws <see cref="BadInputException"/> for names that nobody knows.</summary>
    public StepTimeModel Build()
    {
        var model = Catalogue.BuiltIn.FindModel(Model);
        var deployment = new Deployment
        {
            Model = model,
            Accelerator = Catalogue.BuiltIn.FindAccelerator(Gpu),
            TensorParallel = Tp,
            Weights = Weights is null ? model.NativeWeights : Format(Weights, "weights"),
            Kv = Format(Kv, "kv"),
            Engine = Engine,
        };
        return Profile is null
            ? StepTimeCatalogue.ModelOf(deployment)
            : new FittedStepTimes(ProfileFile!, Inputs.Profiles.ProfileFile.Parse(ProfileFile!, Profile))
                .ModelOf(deployment, contextTokens: null);
    }

    static NumberFormat Format(string text, string key) => NumberFormats.TryParse(text, out var format)
        ? format
        : throw new BadInputException($"{key} {text}: expected {NumberFormats.All}");
}
