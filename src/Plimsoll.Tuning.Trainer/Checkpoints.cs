using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// The run so far, durable: weights, optimiser, counters. A checkpoint is written beside its place,
/// flushed, then moved there, and only then is the one before removed; whatever is killed in between, one
/// whole one remains.
/// </summary>
sealed class Checkpoints(string folder, string specHash)
{
    const string Prefix = "checkpoint-";
    const string Suffix = ".safetensors";

    /// <summary>The newest checkpoint of this very spec; null when there is none.</summary>
    public (Safetensors File, int Step)? Newest()
    {
        foreach (var path in Files().Reverse())
        {
            var file = new Safetensors(path);
            if (file.Metadata.GetValueOrDefault("spec") == specHash)
                return (file, int.Parse(file.Metadata["step"], CultureInfo.InvariantCulture));
            file.Dispose();
        }
        return null;
    }

    /// <exception cref="BadInputException">The disk is full or the folder cannot be written; the
    /// one before stays.</exception>
    public void Write(int step, IEnumerable<NamedTensor> tensors, IReadOnlyDictionary<string,
        string> counters)
    {
        var metadata = new Dictionary<string, string>(counters)
        {
            ["spec"] = specHash,
            ["step"] = step.ToString(CultureInfo.InvariantCulture),
        };
        var path = Path.Combine(folder, $"{Prefix}{step:D9}{Suffix}");
        var temporary = path + ".partial";
        try
        {
            Directory.CreateDirectory(folder);
            var before = Files().ToList();
            using (var stream = File.Create(temporary))
            {
                Safetensors.Write(stream, tensors, metadata);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
            foreach (var old in before.Where(p => p != path))
                File.Delete(old);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new BadInputException($"{path}: checkpoint cannot be written ({e.Message.TrimEnd('.')}); "
                + "the one before is kept");
        }
    }

    public void Clear()
    {
        foreach (var path in Files().ToList())
            File.Delete(path);
    }

    static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (IOException)
        {
            // What could not be written may not be removable either; it is never read.
        }
    }

    IEnumerable<string> Files() => Directory.Exists(folder)
        ? Directory.GetFiles(folder, Prefix + "*" + Suffix).Order(StringComparer.Ordinal)
        : [];
}
