using System.Collections.Generic;
using System.Text.Json.Serialization;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Profiles;

/// <summary>
/// What was fitted to an engine's own telemetry: multipliers around the step times of one model on one
/// accelerator under one engine, and how well they predicted what they had not seen. The same inputs give the
/// same profile, byte for byte.
/// </summary>
public sealed record CalibrationProfile
{
    public const string SchemaName = "plimsoll/profile/1";

    public required string Schema { get; init; }

    public required string Model { get; init; }

    /// <summary>Key of the catalogue.</summary>
    public required string Accelerator { get; init; }

    public required string Engine { get; init; }

    public required string? EngineVersion { get; init; }

    public required string Weights { get; init; }

    public required string Kv { get; init; }

    public required int Tp { get; init; }

    public required int Pp { get; init; }

    public required int Ep { get; init; }

    public required int Dp { get; init; }

    /// <summary>Tier of the step times that the multipliers are around.</summary>
    public required string Around { get; init; }

    /// <summary>
    /// Those step times for <see cref="FittedStepTimes.ProbesMs"/>, milliseconds: a release that predicts
    /// others needs another fit.
    /// </summary>
    public required IReadOnlyList<double> AroundStepsMs { get; init; }

    /// <summary>Mean prompt and answer together of the configurations, tokens.</summary>
    public required ProfileRange ContextTokens { get; init; }

    public required IReadOnlyList<ProfileMultiplier> Multipliers { get; init; }

    public required IReadOnlyList<UnidentifiedTerm> Unidentified { get; init; }

    public required HeldOutErrors HeldOut { get; init; }

    /// <summary>Real step time over predicted: 90 % lie between low and high.</summary>
    public required ProfileInterval StepError { get; init; }

    /// <summary>Real time to the first token over predicted at a given load, alike.</summary>
    public required ProfileInterval FirstTokenError { get; init; }

    public required IReadOnlyList<ProfileInput> Inputs { get; init; }

    [JsonIgnore]
    public StepScale Scale
    {
        get
        {
            var scale = StepScale.None;
            foreach (var multiplier in Multipliers)
                scale = scale.With(StepTerms.Find(multiplier.Term)!.Value, multiplier.Factor);
            return scale;
        }
    }
}

/// <param name="Least">The least that was measured.</param>
/// <param name="Most">The most that was measured.</param>
public sealed record ProfileRange(long Least, long Most);

/// <summary>A fitted multiplier of one term and its 90 % interval.</summary>
/// <param name="Term">Which part of a step or request.</param>
/// <param name="Factor">Multiplies its time.</param>
/// <param name="Low">At the low end.</param>
/// <param name="High">At the high end.</param>
/// <param name="Weak">Why the data tell less of it than was assumed, so that it stays near
/// 1; null otherwise.</param>
public sealed record ProfileMultiplier(string Term, double Factor, double Low, double High, string? Weak);

/// <summary>A term that the data could not tell: it stays as it is.</summary>
public sealed record UnidentifiedTerm(string Term, string Reason);

/// <summary>Errors on configurations left out of the fit.</summary>
/// <param name="Split">What was left out at a time.</param>
/// <param name="Configurations">How many there are.</param>
/// <param name="Figures">Median absolute errors by figure.</param>
public sealed record HeldOutErrors(string Split, int Configurations, IReadOnlyList<FigureMedian> Figures);

/// <summary>Median absolute error of a figure in percent: unfitted, fitted to all, and held out.</summary>
public sealed record FigureMedian(
    string Figure, int Count, double BeforePercent, double AfterPercent, double HeldOutPercent);

/// <param name="Low">At the low end.</param>
/// <param name="High">At the high end.</param>
/// <param name="Basis">What it comes from.</param>
public sealed record ProfileInterval(double Low, double High, string Basis);

/// <summary>A file that the profile was fitted to.</summary>
public sealed record ProfileInput(string File, string Form, string Sha256, long Used, long Failed);
