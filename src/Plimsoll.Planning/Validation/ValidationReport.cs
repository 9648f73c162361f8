using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Planning.Validation.Analytic;

namespace Plimsoll.Planning.Validation;

/// <summary>The whole public validation: theory first, then every set whose data is there.</summary>
public sealed record ValidationReport
{
    /// <summary>Empty when single sets were asked for.</summary>
    public required IReadOnlyList<AnalyticCheck> Analytic { get; init; }

    public required IReadOnlyList<SetReport> Sets { get; init; }

    /// <summary>Sets whose data the folder lacks, each with what it needs.</summary>
    public required IReadOnlyList<(string Name, string Source)> Absent { get; init; }

    public bool Passes
    {
        get
        {
            foreach (var check in Analytic)
            {
                if (!check.Holds)
                    return false;
            }
            foreach (var set in Sets)
            {
                if (!set.Passes)
                    return false;
            }
            return true;
        }
    }

    /// <param name="folder">The data folder; it need not exist.</param>
    /// <param name="only">Runs this set alone, which must have its data.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    public static ValidationReport Run(string folder, string? only, Action<double> progress)
    {
        var chosen = Choose(only);
        var present = new List<IValidationSet>();
        var absent = new List<(string, string)>();
        foreach (var set in chosen)
        {
            if (set.Source is null
                || set.Source.Split(", ").All(source => Path.Exists(Path.Combine(folder, source))))
            {
                present.Add(set);
            }
            else
            {
                absent.Add((set.Name, set.Source));
            }
        }
        if (only is not null && present.Count == 0)
        {
            throw new BadInputException(
                $"{Setting.ValidationData} {folder}", $"{chosen[0].Source} is missing",
                $"it for {Setting.ValidationSet} {only}");
        }
        var analytic = only is null ? AnalyticChecks.Run() : [];
        var reports = new List<SetReport>();
        foreach (var set in present)
        {
            var done = reports.Count;
            reports.Add(set.Run(folder, share => progress((done + share) / present.Count)));
        }
        return new ValidationReport { Analytic = analytic, Sets = reports, Absent = absent };
    }

    static IReadOnlyList<IValidationSet> Choose(string? only)
    {
        if (only is null)
            return ValidationSets.All;
        var names = new List<string>();
        foreach (var set in ValidationSets.All)
        {
            if (set.Name == only)
                return [set];
            names.Add(set.Name);
        }
        throw new BadInputException(
            $"{Setting.ValidationSet} {only}", "unknown", $"one of {string.Join(", ", names)}");
    }
}
