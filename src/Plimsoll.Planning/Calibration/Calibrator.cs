using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using MathNet.Numerics.Statistics;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Profiles;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// From measured files to a profile: (1) read each and refuse what cannot be or does not belong together,
/// (2) fit the multipliers that the data identify, (3) predict every configuration from the others, (4) draw
/// the intervals from those errors.
/// </summary>
public static class Calibrator
{
    const int Digits = 4;

    /// <summary>Share of the work, about, that is done when everything is fitted once.</summary>
    const double FitShare = 0.2;

    /// <summary>Fits a profile of what was measured on one deployment.</summary>
    /// <param name="files">What was measured.</param>
    /// <param name="deployment">On what.</param>
    /// <param name="progress">Told the share of the work that is done, 0 to 1.</param>
    public static CalibrationProfile Calibrate(
        IReadOnlyList<string> files, Deployment deployment, Action<double>? progress = null)
    {
        var inputs = new List<MeasuredInput>();
        foreach (var file in files)
        {
            if (inputs.Exists(i => i.File == file))
                throw new BadInputException($"{file}: is given twice; expected every file once");
            inputs.Add(CalibrationFile.Read(file, deployment));
        }
        return Calibrate(inputs, deployment, progress);
    }

    public static CalibrationProfile Calibrate(
        IReadOnlyList<MeasuredInput> inputs, Deployment deployment, Action<double>? progress = null)
    {
        Belong(inputs, deployment);
        foreach (var input in inputs)
            Plausibility.Check(input);
        var configurations = Merged(inputs);
        if (configurations.Count == 1 && configurations[0].Halves is null)
        {
            throw new BadInputException(
                $"{inputs[0].File}: 1 point; expected at least two (concurrency, TTFT, TPOT) points, "
                + $"requests or steps");
        }
        var options = Identification.Options(deployment, configurations);
        var fit = CrossValidation.Fit(configurations, options);
        if (fit.Gains.All(gain => gain < Identification.Known))
        {
            throw new BadInputException(
                $"{inputs[0].File}: the data identify no multiplier ({Reasons(fit)}); "
                + $"expected more or longer runs");
        }
        Plausibility.Check(inputs[0], deployment, fit.Scale);
        progress?.Invoke(FitShare);
        var (split, heldOut) = CrossValidation.Of(
            configurations, options, share => progress?.Invoke(FitShare + ((1 - FitShare) * share)));
        return Profile(inputs, deployment, configurations, options, fit, split, heldOut);
    }

    static void Belong(IReadOnlyList<MeasuredInput> inputs, Deployment deployment)
    {
        for (var i = 0; i < inputs.Count; i++)
        {
            for (var j = 0; j < i; j++)
                inputs[i].Facts.CheckAgainst(inputs[j].Facts, inputs[i].File, inputs[j].File);
        }
        foreach (var input in inputs)
            input.Facts.Check(input.File, deployment);
    }

    /// <summary>Repeats of one configuration are one, wherever they were measured.</summary>
    static IReadOnlyList<Configuration> Merged(IReadOnlyList<MeasuredInput> inputs)
    {
        var merged = new List<Configuration>();
        foreach (var configuration in inputs.SelectMany(i => i.Configurations))
        {
            var same = merged.FindIndex(c => c.Key == configuration.Key);
            if (same < 0)
            {
                merged.Add(configuration);
                continue;
            }
            merged[same] = merged[same] with
            {
                Runs = [.. merged[same].Runs, .. configuration.Runs],
                Logs = [.. merged[same].Logs, .. configuration.Logs],
            };
        }
        return merged;
    }

    static CalibrationProfile Profile(
        IReadOnlyList<MeasuredInput> inputs, Deployment deployment,
        IReadOnlyList<Configuration> configurations,
        ScaleFitOptions options, ScaleFitResult fit, string split, IReadOnlyList<FigureError> heldOut)
    {
        var steps = StepErrors(heldOut);
        var bootstrap = new Bootstrap(fit, options, steps);
        var model = StepTimeCatalogue.ModelOf(deployment);
        var (tier, around) = (model.Error, model.Tier.ToString().ToLowerInvariant());
        return new CalibrationProfile
        {
            Schema = CalibrationProfile.SchemaName,
            Model = deployment.Model.Name,
            Accelerator = deployment.Accelerator.Key,
            Engine = deployment.Engine.Engine,
            EngineVersion = deployment.Engine.EngineVersion,
            Weights = deployment.Weights.Name(),
            Kv = deployment.Kv.Name(),
            Tp = deployment.TensorParallel,
            Pp = deployment.PipelineParallel,
            Ep = deployment.ExpertParallel,
            Dp = deployment.DataParallel,
            Around = around,
            AroundStepsMs = FittedStepTimes.ProbesMs(deployment),
            ContextTokens = Contexts(configurations),
            Multipliers = [.. fit.Fitted.Select((term, i) => Multiplier(term, fit.Gains[i], fit, bootstrap))],
            Unidentified = [.. fit.Unidentified.Order()
                .Select(t => new UnidentifiedTerm(t.Name(), Identification.Reason(t, fit)))],
            HeldOut = new HeldOutErrors(split, configurations.Count, Medians(
                FigureError.Of(configurations, StepScale.None), FigureError.Of(configurations, fit.Scale),
                heldOut)),
            StepError = Interval(configurations.Count, bootstrap, steps, tier.Step, around),
            FirstTokenError = Interval(
                configurations.Count, bootstrap, PerConfiguration(heldOut, "ttft"), tier.FirstToken, around),
            Inputs = [.. inputs.Select(i =>
                new ProfileInput(Path.GetFileName(i.File), i.Form, i.Sha256, i.Used, i.Failed))],
        };
    }

    /// <summary>Mean contexts of the configurations: of requests, or of sequences in a step.</summary>
    static ProfileRange Contexts(IReadOnlyList<Configuration> configurations)
    {
        List<long> means = [.. configurations.SelectMany(c => c.Runs)
            .Select(run => (long)run.Load.MeanContextTokens),
            .. configurations.SelectMany(c => c.Logs).Select(log => log.MeanContextTokens)];
        return new ProfileRange(Math.Max(1, means.Min()), Math.Max(1, means.Max()));
    }

    static ProfileMultiplier Multiplier(StepTerm term, double gain, ScaleFitResult fit, Bootstrap bootstrap)
    {
        var (low, high) = bootstrap.Of(term);
        var factor = Round(fit.Scale[term]);
        return new ProfileMultiplier(
            term.Name(), factor, Math.Min(factor, Round(low)), Math.Max(factor, Round(high)),
            gain < Identification.Known ? Identification.Reason(term, fit) : null);
    }

    /// <summary>
    /// Held-out errors of step times: of TPOT and of steps, of TTFT where there is neither.
    /// </summary>
    static IReadOnlyList<double> StepErrors(IReadOnlyList<FigureError> errors)
    {
        var steps = PerConfiguration(errors, "tpot", "step");
        return steps.Count > 0 ? steps : PerConfiguration(errors, "ttft");
    }

    /// <summary>One held-out error per configuration, the root mean square of its repeats.</summary>
    static IReadOnlyList<double> PerConfiguration(
        IReadOnlyList<FigureError> errors, params string[] figures) =>
        [.. errors.Where(e => figures.Contains(e.Figure)).GroupBy(e => e.Configuration)
            .Select(g => Math.Sqrt(g.Average(e => e.Log * e.Log)))];

    static ProfileInterval Interval(
        int configurations, Bootstrap bootstrap, IReadOnlyList<double> errors, ErrorBand tier, string around)
    {
        if (configurations == 1 || errors.Count == 0)
        {
            var why = configurations == 1
                ? "one configuration says nothing of others" : "nothing of it was measured";
            return new ProfileInterval(
                Math.Min(1, Round(tier.Low)), Math.Max(1, Round(tier.High)),
                $"that of the {around} tier: {why}");
        }
        var (low, high) = bootstrap.ErrorOf(errors);
        return new ProfileInterval(
            Round(low), Round(high), $"residual bootstrap of {errors.Count} held-out configurations");
    }

    static IReadOnlyList<FigureMedian> Medians(
        IReadOnlyList<FigureError> before, IReadOnlyList<FigureError> after,
        IReadOnlyList<FigureError> heldOut) =>
        [.. before.Select(e => e.Figure).Distinct().Order().Select(figure => new FigureMedian(
            figure, before.Count(e => e.Figure == figure),
            Median(before, figure), Median(after, figure), Median(heldOut, figure)))];

    static double Median(IReadOnlyList<FigureError> errors, string figure)
    {
        var percents = errors.Where(e => e.Figure == figure).Select(e => e.Percent).ToArray();
        return percents.Length == 0 ? 0 : Math.Round(ArrayStatistics.MedianInplace(percents), 2);
    }

    static string Reasons(ScaleFitResult fit) => string.Join("; ", fit.Unidentified.Concat(fit.Fitted).Order()
        .Select(t => $"{t.Name()}: {Identification.Reason(t, fit)}"));

    static double Round(double value) => Math.Round(value, Digits);
}
