using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;
using System.Text.Json;
using Plimsoll.Core;

namespace Plimsoll.Tune.Figures;

/// <summary>The intent sets and texts of <c>../shared/data/finetune</c>, read as they lie there.</summary>
static class SharedData
{
    public static string Folder { get; } = Environment.GetEnvironmentVariable("TUNE_DATA")
        ?? Path.Combine(Root(), "..", "shared", "data", "finetune");

    /// <summary>Of the checkout.</summary>
    public static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder =
            folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Plimsoll.slnx")))
                return folder.FullName;
        }
        throw new BadInputException("no checkout around this binary");
    }

    public static string PathOf(string name)
    {
        var path = Path.Combine(Folder, name);
        return File.Exists(path) ? path : throw new BadInputException(
            $"{path}: no such file; expected the shared data, or its folder in TUNE_DATA");
    }

    /// <summary>What a compressed file holds.</summary>
    public static byte[] Bytes(string name)
    {
        using var stream = new GZipStream(File.OpenRead(PathOf(name)), CompressionMode.Decompress);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    public static List<string> Documents(string name) =>
        [.. JsonDocument.Parse(Bytes($"pretrain-corpus/{name}.json.gz")).RootElement.EnumerateArray()
            .Select(d => d.GetString()!)];

    public static IEnumerable<(string Question, string Answer)> Gsm8k() =>
        Encoding.UTF8.GetString(Bytes("gsm8k_train.jsonl.gz"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonDocument.Parse(l).RootElement)
            .Select(r => (r.GetProperty("question").GetString()!, r.GetProperty("answer").GetString()!));
}
