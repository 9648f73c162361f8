using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>KV capacity against what engines logged at their start; the rows are inside the binary.</summary>
public sealed class KvCapacitySet : IValidationSet
{
    const string Unseen = "engines the constants were not fitted to";
    const string Seen = "engines the constants were fitted to";
    const string Figure = "KV tokens";

    public string Name => "kv-capacity";

    public string? Source => null;

    public SetReport Run(string folder, Action<double> progress)
    {
        var points = new List<ValidationPoint>();
        foreach (var check in KvCapacityChecks.All().OrderByDescending(c => c.HeldOut))
        {
            var d = check.Deployment;
            points.Add(new ValidationPoint(
                check.HeldOut ? Unseen
                : Seen, Figure, $"{d.Model.Name}, {d.Accelerator.Key}, {d.Engine.Engine}, {d.Weights.Name()}",
                check.Name, check.PublishedTokens, check.PredictedTokens));
        }
        progress(1);
        return new SetReport
        {
            Name = Name,
            Title = "KV capacity, as engines log it at their start",
            Source = "data/kv-capacity.csv, inside the binary",
            Fitted = "the memory constants of each engine, to the rows marked so",
            HeldOut = "the other rows; no configuration is on both sides",
            Points = points,
            Rows = SetReport.Summarise(points, [new Promise(Unseen, Figure, ErrorStatistic.P90, 5)]),
        };
    }
}
