using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Calibration;

/// <summary>By how much one figure of one configuration is missed.</summary>
/// <param name="Figure"><c>ttft</c>, <c>tpot</c> or <c>step</c>.</param>
/// <param name="Configuration">Whose it is.</param>
/// <param name="Log">Logarithm of measured over predicted.</param>
public readonly record struct FigureError(string Figure, string Configuration, double Log)
{
    static readonly Metric[] Metrics = [Metric.Ttft, Metric.Tpot];

    /// <summary>Error of the prediction, percent of the measurement.</summary>
    public double Percent => 100 * Math.Abs(Math.Exp(-Log) - 1);

    /// <summary>Every figure of configurations, predicted at a scale.</summary>
    public static IReadOnlyList<FigureError> Of(IReadOnlyList<Configuration> configurations, StepScale scale)
    {
        var found = new List<FigureError>[configurations.Count];
        Parallel.For(0, found.Length, i => found[i] = Of(configurations[i], scale));
        var all = new List<FigureError>();
        foreach (var some in found)
            all.AddRange(some);
        return all;
    }

    static List<FigureError> Of(Configuration configuration, StepScale scale)
    {
        var errors = new List<FigureError>();
        foreach (var run in configuration.Runs)
        {
            var predicted = Replay.Of(run, scale).Predicted;
            foreach (var metric in Metrics)
            {
                var name = metric.ToString().ToLowerInvariant();
                if (run.Measured[metric] is { } measured && predicted[metric] is > 0 and var figure)
                    errors.Add(new FigureError(name, configuration.Key, Math.Log(measured / figure)));
            }
        }
        foreach (var log in configuration.Logs)
            errors.Add(new FigureError("step", configuration.Key, -log.LogError(scale)));
        return errors;
    }
}
