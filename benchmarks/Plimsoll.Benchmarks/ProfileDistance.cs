using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Validation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// How a profile fitted to short prompts does on long ones and on long answers: the share of points in its
/// interval, as it stands and widened for every doubling of the context.
/// </summary>
static class ProfileDistance
{
    const int Near = 1024;
    const int MostClients = 64;
    static readonly double[] Widenings = [0, 0.03, 0.04, 0.05, 0.1, 0.15, 0.2, 0.3];

    sealed record Miss(string Kind, string Figure, double Doublings, double Ratio, ProfileInterval Band);

    public static void Print(TextWriter output, string file)
    {
        var misses = new List<Miss>();
        var points = InferenceMaxPoints.Read(file).Where(point => point.Concurrency <= MostClients
            && EngineCatalogue.Capacity(
                point.Observation.Deployment, point.Observation.Load.MeanContextTokens).Fits);
        foreach (var group in points.GroupBy(p => (p.Group, p.Observation.Deployment.TensorParallel,
            p.Observation.Deployment.DataParallel, p.Observation.Deployment.ExpertParallel)))
        {
            var near = group.Where(p => p.PromptTokens <= Near && p.OutputTokens <= Near).ToList();
            var far = group.Except(near).ToList();
            if (near.Count < 3 || far.Count == 0)
                continue;
            Add(misses, near, far);
            Console.Error.WriteLine($"{group.Key}: {near.Count} fitted, {far.Count} predicted");
        }
        foreach (var kind in misses.GroupBy(miss => (miss.Kind, miss.Figure)).OrderBy(kind => kind.Key))
        {
            output.Write($"{kind.Key.Kind,-24} {kind.Key.Figure,-5} {kind.Count(),5} points, inside:");
            foreach (var widening in Widenings)
            {
                var inside = (double)kind.Count(miss => IsInside(miss, widening)) / kind.Count();
                output.Write(FormattableString.Invariant($"  {100 * inside:0} % at {100 * widening:0} %"));
            }
            output.WriteLine();
        }
    }

    static void Add(
        List<Miss> misses, List<InferenceMaxPoints.Point> near, List<InferenceMaxPoints.Point> far)
    {
        CalibrationProfile profile;
        try
        {
            profile = Calibrator.Calibrate([Input(near)], near[0].Observation.Deployment);
        }
        catch (BadInputException refusal)
        {
            Console.Error.WriteLine(refusal.Message);
            return;
        }
        var most = near.Max(p => p.Observation.Load.MeanContextTokens);
        foreach (var point in far)
        {
            var run = point.Observation;
            var predicted = Replay.Of(run, profile.Scale).Predicted;
            var doublings = Math.Max(0, Math.Log2((double)run.Load.MeanContextTokens / most));
            var kind = point.PromptTokens > Near ? $"prompts of {point.PromptTokens}"
                : $"answers of {point.OutputTokens}";
            foreach (var (metric, name) in new[] { (Metric.Tpot, "tpot"), (Metric.Ttft, "ttft") })
            {
                if (run.Measured[metric] is { } measured && predicted[metric] is > 0 and var figure)
                {
                    misses.Add(new Miss(kind, name, doublings, measured / figure,
                        metric == Metric.Tpot ? profile.StepError : profile.FirstTokenError));
                }
            }
        }
    }

    static bool IsInside(Miss miss, double widening)
    {
        var wider = Math.Pow(1 + widening, miss.Doublings);
        return miss.Ratio >= miss.Band.Low / wider && miss.Ratio <= miss.Band.High * wider;
    }

    static MeasuredInput Input(List<InferenceMaxPoints.Point> points) => new()
    {
        File = points[0].Group,
        Form = "points",
        Units = "ms",
        Configurations = [.. points.GroupBy(p => p.Setting).Select(same => new Configuration
        {
            Key = same.Key,
            Runs = [.. same.Select(p => p.Observation)],
        })],
        Used = points.Count,
    };
}
