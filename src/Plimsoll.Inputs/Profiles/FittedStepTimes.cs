using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Inputs.Profiles;

/// <summary>Step times as a profile gives them, for whatever deployment it may speak of.</summary>
/// <param name="file">The profile's file as the user wrote it.</param>
/// <param name="profile">What was fitted.</param>
public sealed class FittedStepTimes(string file, CalibrationProfile profile) : IStepTimeProfile
{
    /// <summary>Step times that have moved further than this since the fit are not what was fitted.</summary>
    const double MostDrift = 0.005;

    /// <summary>
    /// Use beyond what was measured widens the interval by a tenth each way, as extrapolation does.
    /// </summary>
    const double Widening = 1.1;

    /// <summary>
    /// Widening for every doubling of the context beyond what was measured. Of InferenceMAX points with four
    /// times the prompt that was fitted 70 % lie inside a step's interval as it stands and 92 % inside this,
    /// with eight times the answer 88 and all; of their first tokens 60 and 85 %, 79 and 88 %
    /// (<c>Plimsoll.Benchmarks profile-distance</c>).
    /// </summary>
    const double StepWidening = 1.05;
    const double FirstTokenWidening = 1.3;

    /// <summary>Doublings of the context that are too few to speak of.</summary>
    const double FewDoublings = 0.1;

    /// <summary>Steps that tell whether a step-time model is the one that was fitted.</summary>
    static readonly StepShape[] Probes =
    [
        new() { Decodes = 1, DecodeContextTokens = 1024, LogitRows = 1 },
        new() { Decodes = 64, DecodeContextTokens = 64 * 1024, LogitRows = 64 },
        new()
        {
            PrefillChunks = 1, PrefillTokens = 2048, PrefillPairs = 2048L * 2049 / 2,
                PrefillContextTokens = 2048,
            LogitRows = 1,
        },
    ];

    public static int ProbeCount => Probes.Length;

    public static FittedStepTimes Read(string file) => new(file, ProfileFile.Read(file));

    /// <summary>
    /// Unfitted times of a few steps of a deployment, milliseconds; its scheduler's limits do not matter.
    /// </summary>
    public static IReadOnlyList<double> ProbesMs(Deployment deployment)
    {
        var engine = deployment.Engine;
        var model = StepTimeCatalogue.ModelOf(deployment with
        {
            Engine = new EngineSettings { Engine = engine.Engine, EngineVersion = engine.EngineVersion },
        });
        var times = new double[Probes.Length];
        for (var i = 0; i < times.Length; i++)
            times[i] = Math.Round(model.PredictNs(Probes[i]) / 1e6, 4);
        return times;
    }

    /// <summary>
    /// Step times of a deployment as fitted. Another model, accelerator, engine or weight format is refused;
    /// another parallelism, release, KV format or length of contexts is noted and widens the interval. A
    /// release that is not named is the profile's.
    /// </summary>
    public StepTimeModel ModelOf(Deployment deployment, int? contextTokens)
    {
        CheckSame(deployment);
        CheckFresh(deployment);
        if (deployment.Engine.EngineVersion is null)
        {
            deployment =
                deployment with { Engine = deployment.Engine with { EngineVersion = profile.EngineVersion } };
        }

        var notes = new List<string> { Basis() };
        Beyond("tp", profile.Tp, deployment.TensorParallel);
        Beyond("pp", profile.Pp, deployment.PipelineParallel);
        Beyond("ep", profile.Ep, deployment.ExpertParallel);
        Beyond("dp", profile.Dp, deployment.DataParallel);
        Beyond("KV format", profile.Kv, deployment.Kv.Name());
        Beyond("release", profile.EngineVersion ?? "unknown", deployment.Engine.EngineVersion ?? "unknown");
        var width = Math.Pow(Widening, notes.Count - 1);
        var doublings = Doublings(contextTokens, notes);
        var (step, first) = (Band(profile.StepError), Band(profile.FirstTokenError));
        var beyond = new ErrorBand(Math.Min(1, first.Low / step.Low), Math.Max(1, first.High / step.High));
        var error = new PredictionError(
            step.Widened((width * Math.Pow(StepWidening, doublings)) - 1),
            beyond.Widened((width * Math.Pow(FirstTokenWidening, doublings)) - 1));
        return StepTimeCatalogue.ModelOf(deployment, profile.Scale, new FittedError(error, notes));

        void Beyond<T>(string what, T measured, T asked)
        {
            if (!EqualityComparer<T>.Default.Equals(measured, asked))
            {
                notes.Add($"{file} was measured at {what} {measured} and is used at {asked}: interval "
                    + $"widened by a tenth");
            }
        }
    }

    /// <summary>How far contexts are from those that were measured; 0 among them.</summary>
    double Doublings(int? contextTokens, List<string> notes)
    {
        if (contextTokens is not { } asked || asked < 1)
            return 0;
        var (least, most) = (profile.ContextTokens.Least, profile.ContextTokens.Most);
        var doublings = Math.Max(
            Math.Log2((double)asked / most), Math.Log2((double)least / asked));
        if (doublings <= FewDoublings)
            return 0;
        var measured = least == most ? $"{least:N0}" : $"{least:N0} to {most:N0}";
        notes.Add(FormattableString.Invariant(
            $"{file} was measured at contexts of {measured} tokens and is used at {asked:N0}: interval ")
            + FormattableString.Invariant($"widened {doublings:0.0} times by 5 %, of first tokens by 30 %"));
        return doublings;
    }

    static ErrorBand Band(ProfileInterval interval) => new(interval.Low, interval.High);

    /// <summary>Refuses a deployment that the profile says nothing of.</summary>
    void CheckSame(Deployment deployment)
    {
        Same("model", profile.Model, Setting.Model, deployment.Model.Name);
        Same("accelerator", profile.Accelerator, Setting.Accelerator, deployment.Accelerator.Key);
        Same("engine", profile.Engine, Setting.Engine, deployment.Engine.Engine);
        Same("weight format", profile.Weights, Setting.Weights, deployment.Weights.Name());

        void Same(string what, string measured, Setting setting, string asked)
        {
            if (measured != asked)
            {
                throw new BadInputException(file,
                    $"is a profile of {what} {measured}, but {setting} is {asked}", "the same");
            }
        }
    }

    /// <summary>
    /// Refuses a profile whose multipliers are around other step times than this release's.
    /// </summary>
    void CheckFresh(Deployment deployment)
    {
        NumberFormats.TryParse(profile.Kv, out var kv);
        var now = ProbesMs(deployment with
        {
            TensorParallel = profile.Tp,
            PipelineParallel = profile.Pp,
            ExpertParallel = profile.Ep,
            DataParallel = profile.Dp,
            Kv = kv,
            Engine = deployment.Engine with { EngineVersion = profile.EngineVersion },
        });
        for (var i = 0; i < now.Count; i++)
        {
            var drift = Math.Abs(now[i] / profile.AroundStepsMs[i] - 1);
            if (!(drift <= MostDrift))
            {
                throw new BadInputException(
                    FormattableString.Invariant($"{file}: was fitted around step times that differ by ")
                    + FormattableString.Invariant($"{100 * drift:0.#} % from this release's; ")
                    + "expected a profile of this release (calibrate again)");
            }
        }
    }

    string Basis()
    {
        var held = profile.HeldOut;
        var figures = new List<string>();
        foreach (var figure in held.Figures)
        {
            figures.Add(
                FormattableString.Invariant($"{figure.Figure} {figure.HeldOutPercent:0.0} % ")
                + FormattableString.Invariant($"({profile.Around} tier {figure.BeforePercent:0.0} %)"));
        }
        return $"fitted: {file}, {held.Configurations} configuration{(held.Configurations == 1 ? "" : "s")}, "
            + $"median error held out ({held.Split}): {string.Join(", ", figures)}";
    }
}
