using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>
/// <c>data/engines.json</c>: engines by name. What changed with a release has several rows, oldest first; a
/// row holds for releases before its <c>before</c>, the last for all others and for a release that nobody
/// named.
/// </summary>
sealed record EngineFile
{
    public required IReadOnlyList<EngineEntry> Engines { get; init; }

    public static EngineFile Read(string name, TextReader text)
    {
        try
        {
            return JsonSerializer.Deserialize(text.ReadToEnd(), EngineJson.Default.EngineFile)
                ?? throw new BadInputException($"{name}: empty; expected engines");
        }
        catch (JsonException e)
        {
            throw new BadInputException(
                $"{name}, line {e.LineNumber + 1}: not a list of engines ({e.Path}); expected engines");
        }
    }
}

sealed record EngineEntry
{
    public required string Name { get; init; }

    /// <summary>
    /// Whose kernel tables stand for the engine's: the end of the names of <c>data/steptime</c>.
    /// </summary>
    public required string Curves { get; init; }

    /// <summary>Releases that there are; null for an engine without any of its own.</summary>
    public EngineReleases? Releases { get; init; }

    public required IReadOnlyList<ReleaseRow<EngineOverheadSpec>> Overheads { get; init; }

    public required IReadOnlyList<ReleaseRow<EngineSchedulingSpec>> Schedulings { get; init; }

    public required IReadOnlyList<ReleaseRow<EngineMemorySpec>> Memories { get; init; }

    public required IReadOnlyList<ReleaseRow<EngineErrorSpec>> Errors { get; init; }

    /// <summary>What the engine's server chooses by accelerator; the first row that fits counts.</summary>
    public required IReadOnlyList<ServerDefaultsRow> ServerDefaults { get; init; }

    /// <summary>The engine as it is in a release.</summary>
    public EngineSpec Of(EngineRelease? release) => new()
    {
        Name = Name,
        Overhead = ReleaseRow.Of(Overheads, release),
        Scheduling = ReleaseRow.Of(Schedulings, release),
        Memory = ReleaseRow.Of(Memories, release),
        Errors = ReleaseRow.Of(Errors, release),
    };
}

/// <summary>The first and the last release of an engine; <c>0.33</c> stands for all that begin so.</summary>
sealed record EngineReleases
{
    public required string First { get; init; }

    public required string Last { get; init; }

    public required string Source { get; init; }

    public required string AsOf { get; init; }

    public bool Hold(EngineRelease release) => EngineRelease.Parse(First) is { } first
        && EngineRelease.Parse(Last) is { } last && release.CompareTo(first) >= 0
        && (release.CompareTo(last) <= 0
            || (Last.Split('.').Length == 2 && (release.Major, release.Minor) == (last.Major, last.Minor)));
}

/// <summary>Facts that hold for releases before one, or for all.</summary>
sealed record ReleaseRow<T>
{
    public string? Before { get; init; }

    public required T Facts { get; init; }
}

static class ReleaseRow
{
    public static T Of<T>(IReadOnlyList<ReleaseRow<T>> rows, EngineRelease? release) =>
        RowOf(rows, release).Facts;

    public static ReleaseRow<T> RowOf<T>(IReadOnlyList<ReleaseRow<T>> rows, EngineRelease? release)
    {
        foreach (var row in rows)
        {
            if (row.Before is null || (release is { } known && EngineRelease.Parse(row.Before) is { } next
                && known.CompareTo(next) < 0))
            {
                return row;
            }
        }
        throw new InvalidOperationException("The last row of an engine's facts holds for every release.");
    }
}

/// <summary>Batch limits that a server takes where none are given.</summary>
sealed record ServerDefaultsRow
{
    public required string Source { get; init; }

    public required string AsOf { get; init; }

    /// <summary>Least memory of the accelerator for this row, GiB.</summary>
    public double LeastMemoryGib { get; init; }

    /// <summary>Accelerators that the row leaves out, by a part of their names.</summary>
    public IReadOnlyList<string>? Except { get; init; }

    public required int MaxNumSeqs { get; init; }

    public required int MaxNumBatchedTokens { get; init; }

    public bool Fits(AcceleratorSpec accelerator)
    {
        if (accelerator.MemoryGb * 1e9 < LeastMemoryGib * (1 << 30))
            return false;
        foreach (var name in Except ?? [])
        {
            if (accelerator.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
                return false;
        }
        return true;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(MemoryShareJson), typeof(NumberFormatJson)])]
[JsonSerializable(typeof(EngineFile))]
sealed partial class EngineJson : JsonSerializerContext;

/// <summary>Memory shares as <c>of-free-before-weights</c>.</summary>
sealed class MemoryShareJson() : JsonStringEnumConverter<MemoryShare>(JsonNamingPolicy.KebabCaseLower);
