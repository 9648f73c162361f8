using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text.RegularExpressions;

namespace Plimsoll.Tests.Validation;

/// <summary>
/// A data folder with a part of the measurements: of the large tables the last of every few groups of rows
/// that are predicted together, and everything else as it is.
/// </summary>
static class SampledData
{
    static readonly (string File, string[] Group, int Every)[] Tables =
    [
        ("inferencemax-points.csv.gz", ["model_path", "system", "backend", "precision"], 5),
        ("measured-cost-vs-load-h100-a100.csv", ["config", "rps"], 2),
        ("ml-energy-batch-latency-power.csv", ["model"], 4),
        ("mlperf-llm-runs.csv", ["model", "accelerator"], 4),
        ("vllm-0.15-experiments.csv", ["experiment"], 3),
    ];

    public static void Write(string data, string folder)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(data))
        {
            if (Path.GetFileName(entry) != "measured")
                File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(entry)), entry);
        }
        Directory.CreateDirectory(Path.Combine(folder, "measured"));
        foreach (var runs in Directory.EnumerateDirectories(Path.Combine(data, "measured")))
            File.CreateSymbolicLink(Path.Combine(folder, "measured", Path.GetFileName(runs)), runs);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(data, "measured")))
        {
            var name = Path.GetFileName(file);
            var target = Path.Combine(folder, "measured", name);
            if (Array.Find(Tables, t => t.File == name) is { File: not null } table)
                Sample(file, target, table.Group, table.Every);
            else
                File.CreateSymbolicLink(target, file);
        }
    }

    static void Sample(string from, string to, string[] group, int every)
    {
        var lines = Lines(from);
        var header = lines[0].Split(',');
        var columns = group.Select(name => Array.IndexOf(header, name)).ToArray();
        var kept = lines.Skip(1).Select(GroupOf).Distinct().Order(StringComparer.Ordinal)
            .Where((_, i) => i % every == every - 1).ToHashSet();
        using var file = File.Create(to);
        using Stream packed = to.EndsWith(".gz") ? new GZipStream(file, CompressionLevel.Fastest) : file;
        using var writer = new StreamWriter(packed);
        writer.Write(lines[0] + "\n");
        foreach (var line in lines.Skip(1).Where(line => kept.Contains(GroupOf(line))))
            writer.Write(line + "\n");

        string GroupOf(string line)
        {
            // What is quoted may hold commas and names no group.
            var cells = Regex.Replace(line, "\"[^\"]*\"", "").Split(',');
            return string.Join(',', columns.Select(column => cells[column]));
        }
    }

    static List<string> Lines(string path)
    {
        using var file = File.OpenRead(path);
        using Stream plain = path.EndsWith(".gz") ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(plain);
        var lines = new List<string>();
        while (reader.ReadLine() is { } line)
            lines.Add(line);
        return lines;
    }
}
