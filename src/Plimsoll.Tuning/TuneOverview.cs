using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Tuning.Drafts;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tuning;

/// <summary>One line of what a registry holds.</summary>
/// <param name="Kind">training, run, dataset, name, draft.</param>
public sealed record TuneRow(string Kind, string Name, string State, string What);

/// <summary>A registry at a glance: what trains now, names and where they point, drafts, newest runs and
/// datasets.</summary>
public static class TuneOverview
{
    const int Newest = 5;
    static readonly TimeSpan _silent = TimeSpan.FromMinutes(2);
    static readonly CultureInfo _culture = CultureInfo.InvariantCulture;

    public static List<TuneRow> Of(TuneWorkspace workspace)
    {
        var rows = RunProgress.Of(workspace).Take(Newest).Select(r => Training(r, workspace.Time)).ToList();
        var registry = workspace.Registry;
        foreach (var name in registry.AliasNames())
        {
            var entry = registry.Alias(name)!;
            rows.Add(new TuneRow("name", name, entry.Hash[..12],
                string.Create(_culture, $"since {entry.At:yyyy-MM-dd HH:mm} UTC: {entry.Reason}")));
        }
        rows.AddRange(Drafts(workspace));
        rows.AddRange(registry.OfKind(ManifestKind.Run).Take(Newest).Select(h => Run(h, registry.Get(h))));
        rows.AddRange(registry.OfKind(ManifestKind.Dataset).Take(Newest).Select(h =>
        {
            var facts = registry.Get(h).Facts;
            return new TuneRow("dataset", h[..12], "kept", string.Create(_culture,
                $"{(int)facts["train"]!:N0} records to train on, {(int)facts["validation"]!:N0} held out"));
        }));
        return rows;
    }

    static TuneRow Training(RunProgress run, TimeProvider time)
    {
        var silent = time.GetUtcNow() - run.At > _silent;
        var e = run.Event;
        return new TuneRow("training", run.Spec[..Math.Min(12, run.Spec.Length)],
            silent ? "silent, goes on when asked for again" : "running", string.Create(_culture,
                $"step {e.Step} of {e.Steps}, loss {e.Loss:0.00}, {e.SecondsLeft:0} s left"));
    }

    static TuneRow Run(string hash, Manifest run) => new(
        "run", hash[..12], (string)run.Facts["engine"]!, string.Join(", ", new[]
        {
            run.Facts["tokens"] is { } tokens ? string.Create(_culture, $"{(long)tokens:N0} tokens") : null,
            run.Facts["cpu_seconds"] is { } cpu ? string.Create(_culture, $"{(double)cpu:0} CPU-s") : null,
            run.Facts["usd"] is { } usd ? string.Create(_culture, $"${(double)usd:G3}") : null,
        }.OfType<string>()));

    // Of what answers now, else of what is to: guesses as last measured, and the state of the draft model.
    static IEnumerable<TuneRow> Drafts(TuneWorkspace workspace)
    {
        var (registry, records) = (workspace.Registry, new DraftRecords(workspace));
        foreach (var task in registry.AliasNames().Select(n => n.Split('@')[0]).Distinct())
        {
            var target = registry.Alias($"{task}@production") ?? registry.Alias($"{task}@candidate");
            if (target is null)
                continue;
            if (records.Of(target.Hash) is [var newest, ..])
            {
                yield return new TuneRow("draft", task, $"measured {newest.Measured}", string.Join(", ",
                    newest.Acceptance.Select(a => string.Create(_culture,
                        $"{a.Drafter} {a.TokensPerStep.Point:0.00} tokens a step"))));
            }
            else
            {
                yield return new TuneRow("draft", task, "not measured", $"release {target.Hash[..12]}");
            }
            if (records.InUse(task) is { } used)
            {
                yield return new TuneRow("draft", task, used.IsStale ? "stale" : "in use",
                    $"model {used.Model[..12]} of release {used.Release[..12]}");
            }
        }
    }
}
