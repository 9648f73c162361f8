using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>A flag of a program that serves, as its source or documentation has it.</summary>
/// <param name="Tool">The program: vllm, dynamo, router or ray.</param>
/// <param name="Name">With its dashes.</param>
/// <param name="Value">
/// What it takes: none, integer, number, name, address, rank, words with | between, or json: and its keys.
/// </param>
/// <param name="Since">A release that has it, older ones unread; null where no release was named.</param>
/// <param name="Source">Where it was read.</param>
public sealed record EngineFlagSpec(string Tool, string Name, string Value, string? Since, string Source);

/// <summary>The flags of <c>data/engine-flags.csv</c>: no other is ever written into a file.</summary>
public static class EngineFlagCatalogue
{
    static readonly Lazy<IReadOnlyList<EngineFlagSpec>> Flags = new(() => Resource.Read(
        "engine-flags.csv", (name, text) => CsvTable.Read(name, text, row => new EngineFlagSpec(
            row.Text("tool"), row.Text("flag"), row.Text("value"),
            row.OptionalText("since") is { Length: > 0 } since ? since : null, row.Text("source")))));

    public static IReadOnlyList<EngineFlagSpec> All => Flags.Value;

    /// <summary>Of those flags the ones that were read in no release as old as that.</summary>
    public static IEnumerable<EngineFlagSpec> NewerThan(
        string tool, string? release, IEnumerable<string> flags) =>
        EngineRelease.Parse(release) is not { } asked ? []
            : All.Where(flag => flag.Tool == tool && EngineRelease.Parse(flag.Since) is { } since
                && since.CompareTo(asked) > 0).Where(flag => flags.Contains(flag.Name));
}
