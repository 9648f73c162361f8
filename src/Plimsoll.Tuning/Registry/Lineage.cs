using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Plimsoll.Tuning.Registry;

/// <summary>Where an object comes from, down to the records it was trained on.</summary>
public static class Lineage
{
    /// <param name="records">How many record hashes of each dataset are printed; the rest is counted.</param>
    public static string Of(ModelRegistry registry, string hash, int records)
    {
        var text = new StringBuilder();
        Append(text, registry, "", hash, depth: 0, records, []);
        return text.ToString();
    }

    static void Append(
        StringBuilder text, ModelRegistry registry, string role, string hash, int depth, int records,
            HashSet<string> seen)
    {
        var manifest = registry.Get(hash);
        var indent = new string(' ', 2 * depth);
        var again = !seen.Add(hash);
        text.Append(
            $"{indent}{(role.Length > 0 ? role + ": " : "")}{manifest.Kind.ToString().ToLowerInvariant()} "
            + $"{hash[..12]}");
        text.Append(again ? " (above)\n" : $"{Facts(manifest)}\n");
        if (again)
            return;
        foreach (var (name, blob) in manifest.Blobs.OrderBy(b => b.Key, StringComparer.Ordinal))
            text.Append($"{indent}  {name} {blob[..12]}\n");
        if (manifest.Kind == ManifestKind.Dataset
            && manifest.Blobs.TryGetValue("record-hashes", out var list))
        {
            AppendRecords(text, Encoding.ASCII.GetString(registry.Blobs.Read(list))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries), indent, records);
        }
        foreach (var (linkRole, link) in manifest.Links.OrderBy(l => l.Key, StringComparer.Ordinal))
            Append(text, registry, linkRole, link, depth + 1, records, seen);
    }

    static void AppendRecords(StringBuilder text, string[] hashes, string indent, int records)
    {
        foreach (var hash in hashes.Take(records))
            text.Append($"{indent}    record {hash}\n");
        if (hashes.Length > records)
            text.Append($"{indent}    and {hashes.Length - records} more records\n");
    }

    // The scalars of an object's facts, on its line.
    static string Facts(Manifest manifest)
    {
        var scalars = manifest.Facts.Where(f => f.Value is System.Text.Json.Nodes.JsonValue)
            .OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key} {f.Value}");
        var joined = string.Join(", ", scalars);
        return joined.Length == 0 ? "" : "  " + (joined.Length > 160 ? joined[..160] + " ..." : joined);
    }
}
