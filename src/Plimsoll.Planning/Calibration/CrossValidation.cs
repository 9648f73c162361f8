using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// Errors on what a fit has not seen. Splits are by configuration, never by row: every configuration is
/// predicted once by a fit to others. A lone configuration is split into its halves in time, which shows
/// whether the fit is steady and nothing of other loads.
/// </summary>
static class CrossValidation
{
    /// <summary>
    /// Up to this many configurations each is left out alone; more are left out in this many parts.
    /// </summary>
    const int MostAlone = 10;
    const int Parts = 5;

    public static (string Split, IReadOnlyList<FigureError> Errors) Of(
        IReadOnlyList<Configuration> configurations, ScaleFitOptions options, Action<double> progress)
    {
        if (configurations.Count == 1)
        {
            var (earlier, later) = configurations[0].Halves!.Value;
            return ("halves in time of the only configuration",
                [.. Predict([earlier], [later], options), .. Predict([later], [earlier], options)]);
        }
        var parts = configurations.Count <= MostAlone ? configurations.Count : Parts;
        var errors = new List<FigureError>();
        for (var part = 0; part < parts; part++)
        {
            var left = configurations.Where((_, i) => i % parts == part).ToList();
            var kept = configurations.Where((_, i) => i % parts != part).ToList();
            errors.AddRange(Predict(kept, left, options));
            progress((part + 1.0) / parts);
        }
        return (parts < configurations.Count
            ? "a fifth of the configurations at a time" : "one configuration at a time", errors);
    }

    static IReadOnlyList<FigureError> Predict(
        IReadOnlyList<Configuration> fitted, IReadOnlyList<Configuration> predicted,
        ScaleFitOptions options) =>
        FigureError.Of(predicted, Fit(fitted, options).Scale);

    public static ScaleFitResult Fit(IReadOnlyList<Configuration> configurations, ScaleFitOptions options) =>
        ScaleFit.Fit(
            [.. configurations.SelectMany(c => c.Runs)], [.. configurations.SelectMany(c => c.Logs)],
            options);
}
