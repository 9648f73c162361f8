using System;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>What was timed at a start.</summary>
/// <param name="Steps">Steps by what they compute.</param>
/// <param name="SwapNsPerToken">A token's KV out or in, nanoseconds.</param>
sealed record LearntTimes(StepTimes Steps, double? SwapNsPerToken);

/// <summary>
/// Step times learnt before, by a hash of all that they depend on: the model's file, the machine, libllama
/// and the settings of the context. A file that is not there, or is damaged, is learnt again.
/// </summary>
sealed class StepTimesCache(string folder)
{
    /// <summary>The user's cache folder, as XDG has it.</summary>
    public static string DefaultFolder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "plimsoll", "step-times");

    /// <summary>Goes up when step times are fitted otherwise: what was kept before is learnt again.</summary>
    const int FitSerial = 3;

    public static string KeyOf(LlamaOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (var file = File.OpenRead(options.Path))
        {
            // The header says what is computed; the length tells apart files of one header.
            var head = new byte[(int)Math.Min(file.Length, 1 << 20)];
            file.ReadExactly(head);
            hash.AppendData(head);
            hash.AppendData(BitConverter.GetBytes(file.Length));
        }
        hash.AppendData(
            Encoding.UTF8.GetBytes(string.Join('|', FitSerial, Machine(), LlamaLibrary.Release,
            options.Library.Path,
            options.Library.Backend, options.Threads, options.Layout, options.MicroTokens, options.GpuLayers,
            options.Limits.MaxNumSeqs, options.Limits.MaxNumBatchedTokens)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    sealed record Entry(double[] Weights, double? SwapNsPerToken);

    public LearntTimes? Find(string key)
    {
        try
        {
            return JsonSerializer.Deserialize<Entry>(File.ReadAllText(PathOf(key)))
                is { Weights: { } weights } entry && Array.TrueForAll(weights, double.IsFinite)
                    ? new LearntTimes(new StepTimes(weights), entry.SwapNsPerToken) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps them, whole or not at all; a cache that cannot be written is none.</summary>
    public void Keep(string key, LearntTimes times)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var draft = PathOf(key) + "." + Environment.ProcessId;
            var entry = new Entry(times.Steps.Weights(), times.SwapNsPerToken);
            File.WriteAllText(draft, JsonSerializer.Serialize(entry));
            File.Move(draft, PathOf(key), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    string PathOf(string key) => Path.Combine(folder, key + ".json");

    static string Machine()
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/cpuinfo"))
            {
                if (line.StartsWith("model name", StringComparison.Ordinal))
                    return $"{line} {Environment.ProcessorCount}";
            }
        }
        catch (IOException)
        {
        }
        return $"{Environment.MachineName} {Environment.ProcessorCount}";
    }
}
