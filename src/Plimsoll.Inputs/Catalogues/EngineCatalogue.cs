using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>The engines of <c>data/engines.json</c>.</summary>
public static class EngineCatalogue
{
    static readonly Lazy<IReadOnlyList<EngineEntry>> Entries =
        new(() => Resource.Read("engines.json", EngineFile.Read).Engines);

    /// <summary>Engines as people name them; the first is what is meant when none is named.</summary>
    public static Choices<string> All { get; } = new([.. Named(Entries.Value)]);

    /// <summary>
    /// An engine as people write it, its release after an @: <c>vllm@0.15.1</c>. A release that there is not
    /// is refused: its facts would be another's.
    /// </summary>
    public static (string Name, string? Release) Read(string text)
    {
        var at = text.IndexOf('@');
        if (!All.TryFind(at < 0 ? text : text[..at], out var name))
            throw new BadInputException($"{Setting.Engine} {text}", "", $"{All}");
        if (at < 0)
            return (name, null);
        var release = text[(at + 1)..];
        if (Find(name).Releases is not { } known)
            throw new BadInputException($"{Setting.Engine} {text}", "no release of it is known", name);
        return EngineRelease.Parse(release) is { } parsed && known.Hold(parsed) ? (name, release)
            : throw new BadInputException(
                $"{Setting.Engine} {text}", "no such release is known", $"{known.First} to {known.Last}");
    }

    /// <summary>The engine of that name in that release.</summary>
    public static EngineSpec Of(EngineSettings engine) =>
        Find(engine.Engine).Of(EngineRelease.Parse(engine.EngineVersion));

    /// <summary>The release before which an engine's errors are its own; null for today's.</summary>
    public static string? ErrorsBefore(EngineSettings engine) =>
        ReleaseRow.RowOf(Find(engine.Engine).Errors, EngineRelease.Parse(engine.EngineVersion)).Before;

    /// <summary>Whose kernel tables stand for the engine's.</summary>
    public static string CurvesOf(string engine) => Find(engine).Curves;

    /// <summary>
    /// KV blocks of one engine rank, as <see cref="KvCapacity.Blocks"/> counts them for its engine.
    /// </summary>
    public static KvCapacityResult Capacity(Deployment deployment, int typicalContextTokens = 4096) =>
        KvCapacity.Blocks(deployment, Of(deployment.Engine).Memory, typicalContextTokens);

    /// <summary>What the engine's server chooses on an accelerator where nothing is given.</summary>
    public static EngineSettings ServerDefaults(AcceleratorSpec accelerator, string engine = Usual.Engine)
    {
        foreach (var row in Find(engine).ServerDefaults)
        {
            if (row.Fits(accelerator))
            {
                return new EngineSettings
                {
                    Engine = engine,
                    MaxNumSeqs = row.MaxNumSeqs,
                    MaxNumBatchedTokens = row.MaxNumBatchedTokens,
                };
            }
        }
        throw new InvalidOperationException($"No server defaults of {engine} fit {accelerator.Name}.");
    }

    static EngineEntry Find(string name)
    {
        foreach (var entry in Entries.Value)
        {
            if (entry.Name == name)
                return entry;
        }
        throw new BadInputException($"{Setting.Engine} {name}", "unknown", $"{All}");
    }

    static IEnumerable<(string, string)> Named(IReadOnlyList<EngineEntry> entries)
    {
        foreach (var entry in entries)
            yield return (entry.Name, entry.Name);
    }
}
